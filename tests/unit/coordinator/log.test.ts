import { PassThrough } from "node:stream";
import { createLogger, faultFields } from "@fedbaps/coordinator/log.js";
import { FedBapsError } from "@fedbaps/core/common/errors.js";
import { describe, expect, it } from "@jest/globals";

describe("the log", () => {
  it("shows where an unforeseen fault happened, and of a refusal only its code", () => {
    const fault = new TypeError("unforeseen");
    expect(faultFields(fault)).toEqual({ code: "INTERNAL", stack: fault.stack });
    expect(faultFields(new FedBapsError("REFUSED", "why", {}, { cause: fault }))).toEqual({
      code: "REFUSED",
      stack: fault.stack,
    });
    expect(faultFields(new FedBapsError("STALE", "why"))).toEqual({ code: "STALE" });
    expect(faultFields("text")).toEqual({ code: "INTERNAL" });
    for (const json of [false, true]) {
      const stream = new PassThrough();
      createLogger(stream, { json, now: () => 0 }).error("study-failed", { study: "liver", ...faultFields(fault) });
      const text = String(stream.read());
      for (const part of ["study-failed", "liver", "unforeseen", "log.test.ts"]) expect(text).toContain(part);
    }
  });
});

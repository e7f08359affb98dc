import { CoordinatorError } from "@fedbaps/coordinator/errors.js";
import { problemOf } from "@fedbaps/coordinator/http/problem.js";
import { SecAggError } from "@fedbaps/core/secagg/errors.js";
import { studySpecSchema } from "@fedbaps/core/wire/study.js";
import { describe, expect, it } from "@jest/globals";

describe("problemOf", () => {
  it("gives every refusal its status and code", () => {
    const cases = [
      ["NOT_FOUND", 404],
      ["CONFLICT", 409],
      ["NOT_AUTHORISED", 401],
      ["BAD_INVITE", 403],
      ["BAD_SIGNATURE", 400],
    ] as const;
    for (const [code, status] of cases)
      expect(problemOf(new CoordinatorError(code, "why"))).toMatchObject({ status, code, detail: "why" });
  });

  it("lists all faults of a body", () => {
    const { error } = studySpecSchema.safeParse({ name: "A", rounds: -1 });
    expect(problemOf(error)).toMatchObject({
      status: 400,
      code: "BAD_REQUEST",
      errors: [{ path: "name" }, { path: "rounds" }, { path: "participation" }],
    });
  });

  it("says nothing of what failed inside", () => {
    for (const error of [new Error("secret path"), new SecAggError("BAD_KEY", "secret"), "thrown text", undefined])
      expect(JSON.stringify(problemOf(error))).not.toMatch(/secret|thrown/);
    expect(problemOf(new Error("x"))).toMatchObject({ status: 500, code: "INTERNAL" });
  });

  it("tells a body that is no JSON, or too large, from a fault of ours", () => {
    expect(problemOf(Object.assign(new Error(), { status: 400 })).status).toBe(400);
    expect(problemOf(Object.assign(new Error(), { status: 413 }))).toMatchObject({ status: 413, code: "TOO_LARGE" });
  });
});

import { codeOf, FedBapsError, messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { expect, it } from "@jest/globals";

class ExampleError extends FedBapsError<"EXAMPLE"> {}

it("an error carries its code, its fields, its cause and the name of its class", () => {
  const cause = new Error("below");
  const error = new ExampleError("EXAMPLE", "what and where", { file: "x" }, { cause });
  expect([error.name, error.code, error.message, error.fields, error.cause]).toEqual([
    "ExampleError",
    "EXAMPLE",
    "what and where",
    { file: "x" },
    cause,
  ]);
  expect(new UsageError("wrong flag").code).toBe("USAGE");
});

it("anything that was thrown has a code and a message; what is not ours is INTERNAL", () => {
  expect(codeOf(new ExampleError("EXAMPLE", "text"))).toBe("EXAMPLE");
  expect([codeOf(new TypeError("x")), codeOf("text"), codeOf(undefined)]).toEqual(["INTERNAL", "INTERNAL", "INTERNAL"]);
  expect([messageOf(new Error("why")), messageOf("text"), messageOf(undefined)]).toEqual(["why", "text", "undefined"]);
});

import * as messages from "@fedbaps/core/wire/messages.js";
import {
  base64Schema,
  countSchema,
  nameSchema,
  publicKeySchema,
  signatureSchema,
} from "@fedbaps/core/wire/primitives.js";
import { cohortSchema } from "@fedbaps/core/wire/secagg-messages.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";
import {
  advertisement,
  cohort,
  examples,
  key,
  pathsOf,
  reference,
  sealed,
  signature,
  valueAt,
  without,
  withValue,
} from "./examples.js";

const isRecord = (value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
// A study's fields have defaults; `spec` is judged by the study's own tests.
const outsideSpec = (path: readonly unknown[]) => path[0] !== "spec";

/** Where null has a meaning, and the fields of replies that may be absent. */
const nullable = (path: readonly unknown[]) => path.at(-1) === "seal" || (path.length === 1 && path[0] === "epoch");
const optional = (message: Record<string, unknown>, path: readonly unknown[]) =>
  path.length === 1 && ((message.ready === true && path[0] === "epoch") || path[0] === "dice");

describe.each(examples)("%s", (name, schema, message) => {
  const refused = (value: unknown) => !schema.safeParse(value).success;

  it("is taken as it is", () => {
    expect(schema.parse(message)).toEqual(message);
  });

  it("is refused with one field more, at whatever depth", () => {
    for (const path of pathsOf(message).filter((at) => isRecord(valueAt(message, at)))) {
      const spoilt = withValue(message, [...path, "note"], "free text");
      if (!refused(spoilt)) throw new Error(`takes a field more at /${path.join("/")}`);
    }
  });

  it("is refused with one field less", () => {
    if (name === "report in full") return;
    const fields = pathsOf(message).filter((path) => typeof path.at(-1) === "string" && outsideSpec(path));
    for (const path of fields)
      if (!optional(message, path) && !refused(without(message, path)))
        throw new Error(`does without /${path.join("/")}`);
  });

  it("is refused with a value of another kind, or a longer text than any field holds", () => {
    const long = "no such thing\n".repeat(400);
    for (const path of pathsOf(message).filter(outsideSpec))
      for (const value of [null, {}, long, -1, [[]]])
        if (!(value === null && nullable(path)) && !refused(withValue(message, path, value)))
          throw new Error(`takes ${JSON.stringify(value).slice(0, 40)} at /${path.join("/")}`);
  });

  it("is refused with a key or signature of another length, or a count that does not fit", () => {
    const spoil = (value: unknown): unknown[] => {
      if (value === key || value === signature)
        return [box(31), box(33), box(63), box(65), `${value}=`, "", `${value}\n`];
      if (typeof value === "number") return [2 ** 32, Number.NaN, Number.POSITIVE_INFINITY, "1"];
      return [];
    };
    const box = (count: number) => Buffer.alloc(count, 7).toString("base64");
    for (const path of pathsOf(message).filter(outsideSpec))
      for (const value of spoil(valueAt(message, path)))
        if (path.at(-1) !== "blackboxSeconds" && !refused(withValue(message, path, value)))
          throw new Error(`takes ${String(value)} at /${path.join("/")}`);
  });
});

describe("the protocol's version", () => {
  it.each(["challenge", "auth", "enrolment"])("must be this one in the %s", (name) => {
    const [, schema, message] = examples.find(([example]) => example === name)!;
    for (const protocol of [0, 2, 4, "3", undefined])
      expect(schema.safeParse({ ...message, protocol }).success).toBe(false);
  });
});

describe("lists", () => {
  const many = <T>(count: number, item: (n: number) => T) => Array.from({ length: count }, (_, n) => item(n));
  const instruction = messages.instructionSchema;
  const reply = messages.replySchema;
  const members = (count: number) => many(count, (n) => ({ ...cohort.members[0], site: `s${n}` }));

  it.each([
    ["members of a cohort", 200, (n: number) => cohortSchema.safeParse({ ...cohort, members: members(n) })],
    [
      "advertisements",
      200,
      (n: number) =>
        instruction.safeParse({ phase: "shareKeys", reference, advertisements: many(n, () => advertisement) }),
    ],
    [
      "sealed shares",
      200,
      (n: number) => reply.safeParse({ phase: "shareKeys", reference, shares: many(n, () => sealed) }),
    ],
    [
      "survivors",
      200,
      (n: number) => instruction.safeParse({ phase: "consistency", reference, survivors: many(n, (i) => `s${i}`) }),
    ],
    [
      "revealed shares",
      400,
      (n: number) =>
        reply.safeParse({
          phase: "unmask",
          reference,
          shares: many(n, () => ({ site: "a", kind: "maskKey", share: "AA==" })),
        }),
    ],
  ])("of %s hold at most %i", (_, most, parse) => {
    expect([parse(most).success, parse(most + 1).success]).toEqual([true, false]);
  });

  it("of a cohort's members hold at least two, a sum at least one survivor", () => {
    expect(cohortSchema.safeParse({ ...cohort, members: members(1) }).success).toBe(false);
    const sum = { round: 1, attempt: 1, survivors: [], cohortSize: 3, seal: null, sum: new Uint8Array(4) };
    expect(messages.roundSumSchema.safeParse(sum).success).toBe(false);
  });

  it("of sealed bytes are bounded", () => {
    expect(base64Schema.safeParse("A".repeat(4096)).success).toBe(true);
    expect(base64Schema.safeParse("A".repeat(4100)).success).toBe(false);
    for (const text of ["A", "AA=", "A A=", "AAA-", "AA==AA=="])
      expect(base64Schema.safeParse(text).success).toBe(false);
  });
});

describe("a cohort", () => {
  it.each([
    ["threshold", 1],
    ["minSurvivors", 1],
    ["length", 0],
    ["length", 10_000_001],
  ])("is refused with %s %d", (field, value) => {
    expect(cohortSchema.safeParse({ ...cohort, [field]: value }).success).toBe(false);
  });
});

describe("a failure", () => {
  it("is a code, never a sentence", () => {
    const failure = (code: string) => messages.failureSchema.safeParse({ study: "a", stage: "training", code }).success;
    expect(failure("MASK_SIZE")).toBe(true);
    for (const code of ["", "A", "mask of patient Smith", "MASK SIZE", "mask_size", "MASK_SIZE\nSmith", "X".repeat(42)])
      expect(failure(code)).toBe(false);
  });
});

describe("a report", () => {
  const report = { study: "a", deployed: false, queries: 0, blackboxSeconds: 0, version: 0 };
  it("holds Dice values from 0 to 1 and no negative time", () => {
    const taken = (change: object) => messages.siteReportSchema.safeParse({ ...report, ...change }).success;
    expect([taken({}), taken({ zeroShotDice: 0 }), taken({ adaptedDice: 1 })]).toEqual([true, true, true]);
    expect([taken({ zeroShotDice: -0.01 }), taken({ adaptedDice: 1.01 })]).toEqual([false, false]);
    expect([taken({ adaptedDice: Number.NaN }), taken({ blackboxSeconds: -1 })]).toEqual([false, false]);
  });
});

describe("names", () => {
  it("are safe in file names, logs and transcripts", () => {
    for (const name of ["a", "0", "st-elsewhere-2", "a".repeat(63)])
      expect(nameSchema.safeParse(name).success).toBe(true);
    const unsafe = ["", "-a", "A", "a_b", "a.b", "../a", "a/b", "a b", "a\n", "ä", "a".repeat(64), "a#1"];
    for (const name of unsafe) expect(nameSchema.safeParse(name).success).toBe(false);
  });
});

describe("keys in base64", () => {
  it("are exactly 32 bytes, signatures 64, each in its one canonical spelling", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 28, maxLength: 68 }), (bytes) => {
        const text = Buffer.from(bytes).toString("base64");
        expect(publicKeySchema.safeParse(text).success).toBe(bytes.length === 32);
        expect(signatureSchema.safeParse(text).success).toBe(bytes.length === 64);
      }),
    );
    // The last letter has bits to spare; only zero in them is taken: one key, one spelling.
    expect(publicKeySchema.safeParse(`${"A".repeat(42)}B=`).success).toBe(false);
    expect(signatureSchema.safeParse(`${"A".repeat(85)}B==`).success).toBe(false);
    expect(publicKeySchema.safeParse(`${"A".repeat(42)}E=`).success).toBe(true);
    expect(publicKeySchema.safeParse(`${"-".repeat(42)}A=`).success).toBe(false);
  });

  it("counts are whole and fit 32 bits", () => {
    for (const count of [0, 1, 2 ** 32 - 1]) expect(countSchema.safeParse(count).success).toBe(true);
    for (const count of [-1, 0.5, 2 ** 32]) expect(countSchema.safeParse(count).success).toBe(false);
  });
});

import { waitBeforeTry } from "@fedbaps/dashboard/logic/backoff.js";
import { bytesOf, hexOf, ringOf } from "@fedbaps/dashboard/logic/ciphertext.js";
import { bytes, dice, gain, names, share, whole } from "@fedbaps/dashboard/logic/numbers.js";
import { relative, span } from "@fedbaps/dashboard/logic/time.js";
import { expect, test } from "@jest/globals";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test.each([
  [-5, "0 s"],
  [0, "0 s"],
  [45 * SECOND, "45 s"],
  [8 * MINUTE, "8 min"],
  [3 * HOUR + 20 * MINUTE, "3 h 20 min"],
  [3 * HOUR + 59.8 * MINUTE, "4 h"],
  [7 * HOUR + 20 * MINUTE, "7 h"],
  [30 * HOUR, "1 day"],
  [12 * 24 * HOUR, "12 days"],
])("a span of %d ms is %s", (milliseconds, words) => {
  expect(span(milliseconds)).toBe(words);
});

test("moments are seen from now, in both directions", () => {
  expect(relative(1000, 4000)).toBe("just now");
  expect(relative(0, 2 * MINUTE)).toBe("2 min ago");
  expect(relative(8 * MINUTE, 0)).toBe("in 8 min");
});

test.each([
  [0, "0"],
  [999, "999"],
  [12_345, "12\u202f345"],
  [1_234_567, "1\u202f234\u202f567"],
  [-1_500, "\u22121\u202f500"],
  [-0.2, "0"],
])("the number %d is written %s", (value, text) => {
  expect(whole(value)).toBe(text);
});

test("bytes, scores, gains and shares", () => {
  expect([0, 1023, 1024, 153_600, 5 * 1024 ** 3].map(bytes)).toEqual([
    "0 B",
    "1\u202f023 B",
    "1.0 KiB",
    "150 KiB",
    "5.0 GiB",
  ]);
  expect([dice(0.8234), dice(null), dice(undefined)]).toEqual(["0.823", "\u2013", "\u2013"]);
  expect([gain(0.1), gain(-0.05), gain(-0.0001)]).toEqual(["+0.100", "\u22120.050", "\u00b10.000"]);
  expect([share(1, 4), share(9, 4), share(1, 0), share(-1, 4)]).toEqual([0.25, 1, 0, 0]);
});

test("names are listed as people do, and long lists are cut", () => {
  expect(names([])).toBe("nobody");
  expect(names(["a"])).toBe("a");
  expect(names(["a", "b"])).toBe("a and b");
  expect(names(["a", "b", "c"])).toBe("a, b and c");
  expect(names(["a", "b", "c", "d", "e", "f"])).toBe("a, b, c and 3 more");
});

test("ciphertext is shown as its bytes and as the ring's numbers", () => {
  const bytes = bytesOf(Buffer.from([1, 0, 0, 0, 255, 255, 255, 255]).toString("base64"));
  expect(hexOf(bytes)).toBe("01000000 ffffffff");
  expect(ringOf(bytes)).toEqual([1, 4294967295]);
});

test("tries get rarer, up to four a minute", () => {
  expect([1, 2, 3, 4, 5, 50].map(waitBeforeTry)).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
});

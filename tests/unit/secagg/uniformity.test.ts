// What the coordinator sees of a vector is uniform, with whatever masks it could take off, as long as one stays on.
import { asBytes, equalBytes } from "@fedbaps/core/common/bytes.js";
import { agree, createBoxKeys } from "@fedbaps/core/secagg/keys.js";
import { addMask, addWords, inverse, pairLayer, selfLayer } from "@fedbaps/core/secagg/masks.js";
import { describe, expect, it } from "@jest/globals";
import { makeParties, type PartiesOptions, runShare, seededBytes } from "../../protocol/parties.js";

const WORDS = 2 ** 20;
/** Standard deviations; seeds are fixed, so that a test passes always or never. */
const LIMIT = 5;
const reference = { study: "study", round: 2, attempt: 1 };

/** Chi-square of byte counts, as deviations from its mean of 255: its standard deviation is sqrt(2 x 255). */
function chiSquareDeviation(counts: Float64Array): number {
  const expected = counts.reduce((sum, count) => sum + count) / counts.length;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return (statistic - 255) / Math.sqrt(2 * 255);
}

/** How often each value of the byte at `shift` bits occurs. */
function byteCounts(words: Uint32Array, shift: number): Float64Array {
  const counts = new Float64Array(256);
  for (let i = 0; i < words.length; i++) counts[(words[i] >>> shift) & 0xff]++;
  return counts;
}

/** How far the number of ones of a bit is from half of the words, in deviations of sqrt(n) / 2. */
function bitDeviation(words: Uint32Array, bit: number): number {
  let ones = 0;
  for (let i = 0; i < words.length; i++) ones += (words[i] >>> bit) & 1;
  return (ones - words.length / 2) / (Math.sqrt(words.length) / 2);
}

/**
 * Correlation of each number with the one `lag` places on, times sqrt(n): of standard deviation 1 if they are
 * independent. @param centred uniform on [-0.5, 0.5), of variance 1/12.
 */
function serialDeviation(centred: Float64Array, lag: number): number {
  let covariance = 0;
  for (let i = lag; i < centred.length; i++) covariance += centred[i - lag] * centred[i];
  return (covariance * 12) / Math.sqrt(centred.length);
}

function expectUniform(words: Uint32Array): void {
  const centred = new Float64Array(words.length);
  for (let i = 0; i < words.length; i++) centred[i] = words[i] / 2 ** 32 - 0.5;
  const places = [0, 8, 16, 24].map((shift) => byteCounts(words, shift));
  const all = places[0].map((_, value) => places.reduce((sum, counts) => sum + counts[value], 0));
  const deviations = [
    ["all bytes", chiSquareDeviation(all)] as const,
    ...places.map((counts, place) => [`byte ${place}`, chiSquareDeviation(counts)] as const),
    ...[0, 1, 30, 31].map((bit) => [`bit ${bit}`, bitDeviation(words, bit)] as const),
    ...[1, 2, 4, 8192].map((lag) => [`lag ${lag}`, serialDeviation(centred, lag)] as const),
  ];
  expect(deviations.filter(([, deviation]) => !(Math.abs(deviation) < LIMIT))).toEqual([]);
}

function difference(a: Uint32Array, b: Uint32Array): Uint32Array {
  const out = a.slice();
  addWords(out, b, -1);
  return out;
}

/** Three sites, every word of whose vectors is the same number, up to their masked vectors. */
async function maskedVectors(value: number, options: PartiesOptions = {}) {
  const parties = makeParties({ size: 3, length: WORDS, ...options });
  await runShare(parties);
  const { clients, server, sites } = parties;
  const input = new Uint32Array(WORDS).fill(value);
  return sites.map((site, i) => clients[i].maskInput(server.sharesFor(site), input));
}

describe("the statistics", () => {
  const uniform = new Uint32Array(WORDS);
  addMask(uniform, selfLayer(seededBytes(1)(32), reference, "a"));

  it.each<[string, (word: number, i: number) => number]>([
    ["a bit that is one in 51 of 100 words", (word, i) => (i % 50 === 0 ? word | 1 : word)],
    ["a top bit missing here and there", (word, i) => (i % 50 === 0 ? word & 0x7fffffff : word)],
    ["a byte value left out", (word) => ((word & 0xff) === 7 ? word ^ 1 : word)],
    ["words that lean on the one before", (word, i) => (i % 50 === 0 ? uniform[Math.max(i - 1, 0)] : word)],
    ["numbers of 31 bits", (word) => word >>> 1],
  ])("find %s", (_, change) => {
    expect(() => expectUniform(uniform.map(change))).toThrow();
  });
});

describe("uniform to the coordinator, over 2^20 words and within five standard deviations:", () => {
  it.each([
    ["zeros", 0],
    ["ones", 1],
    ["the largest number", 2 ** 31 - 1],
    ["minus one", 2 ** 32 - 1],
  ])("a masked vector of %s", async (_, value) => {
    const [vector] = await maskedVectors(value);
    expectUniform(vector);
  });

  it("sums and differences of two sites' vectors, and the sum of all, whose self masks are still on", async () => {
    const [a, b, c] = await maskedVectors(0);
    const pair = a.slice();
    addWords(pair, b);
    const all = pair.slice();
    addWords(all, c);
    for (const vector of [difference(a, b), pair, all]) expectUniform(vector);
  });

  it("the difference of one site's vectors in two attempts with the same input", async () => {
    const [[first], [again]] = [await maskedVectors(1), await maskedVectors(1, { attempt: 2 })];
    expectUniform(difference(first, again));
  });

  it("a vector with its self mask and all pairwise masks but one taken off", () => {
    const own = createBoxKeys(seededBytes(3));
    const peers = ["b", "c", "d"].map((name, i) => ({ name, key: createBoxKeys(seededBytes(10 + i)).publicKey }));
    const layers = [
      selfLayer(seededBytes(4)(32), reference, "bb"),
      ...peers.map(({ name, key }) => pairLayer(agree(own.secretKey, key, name), reference, "bb", name)),
    ];
    const masked = Uint32Array.from({ length: WORDS }, (_, i) => i);
    const input = masked.slice();
    for (const layer of layers) addMask(masked, layer);
    expectUniform(masked);
    for (const kept of layers) {
      const vector = masked.slice();
      for (const layer of layers) if (layer !== kept) addMask(vector, inverse(layer));
      expectUniform(vector);
      addMask(vector, inverse(kept));
      expect(equalBytes(asBytes(vector), asBytes(input))).toBe(true);
    }
  });

  it("neighbouring words of a mask against each other: differences and exclusive-or", () => {
    const mask = new Uint32Array(WORDS);
    addMask(mask, pairLayer(seededBytes(5)(32), reference, "a", "b"));
    // Pairs that do not overlap: the words compared stay independent.
    const pairs = (combine: (a: number, b: number) => number) =>
      Uint32Array.from({ length: WORDS / 2 }, (_, i) => combine(mask[2 * i], mask[2 * i + 1]));
    expectUniform(pairs((a, b) => a - b));
    expectUniform(pairs((a, b) => a ^ b));
  });
});

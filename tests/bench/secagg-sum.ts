import { randomBytes } from "node:crypto";
import { addWords } from "@fedbaps/core/secagg/masks.js";
import { digestOf } from "@fedbaps/core/secagg/step.js";
import { decodeRing } from "@fedbaps/core/wire/codec.js";
import { cpuMsEach } from "./secagg-cpu.js";
import { median, rounded } from "./statistics.js";
import type { Row } from "./table.js";

const ROUNDS = 9;
const TARGET = 300;

/** What the coordinator does to each vector, part by part: millions of elements per second of one core. */
export function sumRow(elements: number): Row {
  const sent = new Uint8Array(randomBytes(elements * 4));
  const vector = decodeRing(sent, elements);
  const sum = new Uint32Array(elements);
  const parts: Record<string, () => unknown> = {
    add: () => addWords(sum, vector),
    decode: () => decodeRing(sent, elements),
    decodeAndAdd: () => addWords(sum, decodeRing(sent, elements)),
    digest: () => digestOf("site", vector),
    digestDecodeAndAdd: () => {
      const words = decodeRing(sent, elements);
      digestOf("site", words);
      addWords(sum, words);
    },
  };
  const names = Object.keys(parts);
  const calls = Math.ceil(2e6 / elements);
  const samples = names.map((): number[] => []);
  for (let round = -3; round < ROUNDS; round++)
    for (const [n, name] of names.entries()) {
      const ms = cpuMsEach(parts[name], calls);
      if (round >= 0) samples[n].push(ms);
    }
  const rates = names.map((name, n) => [`${name}Melements`, rounded(elements / 1e3 / median(samples[n]))] as const);
  const { decodeAndAddMelements } = Object.fromEntries(rates);
  return {
    measured: "the coordinator adds one vector: 10^6 elements per second of one core",
    elements,
    samples: ROUNDS,
    ...Object.fromEntries(rates),
    target: `>= ${TARGET} decode and add`,
    met: decodeAndAddMelements >= TARGET ? "yes" : "no",
  };
}

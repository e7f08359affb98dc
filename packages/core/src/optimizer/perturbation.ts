import { RandomStream } from "../math/rng.js";

export type PerturbationKind =
  /** +1 or -1: the choice of least variance (Sadegh and Spall, IEEE TAC 43(10), 1998); integers only, so bit-exact. */
  | "rademacher"
  /** Magnitude uniform in [0.5, 1], random sign: as BAPS and BlackVIP draw it. */
  | "segmented-uniform";

/**
 * One perturbation direction. Direction (seed, step, index) is a pure function of its arguments: it can be rebuilt
 * anywhere, bit for bit, without being stored or sent. Each stream is keyed on its own, in blocks of one counter.
 * @returns `length` values.
 */
export function perturbation(
  kind: PerturbationKind,
  length: number,
  seed: number,
  ...name: (string | number)[]
): Float32Array {
  const stream = new RandomStream(seed, "perturbation", ...name);
  const out = new Float32Array(length);
  if (kind === "rademacher") {
    let bits = 0;
    for (let i = 0; i < length; i++) {
      if ((i & 31) === 0) bits = stream.uint32();
      out[i] = bits & 1 ? 1 : -1;
      bits >>>= 1;
    }
    return out;
  }
  for (let i = 0; i < length; i++) {
    const word = stream.uint32();
    const magnitude = 0.5 + (word >>> 9) / 0x1000000;
    out[i] = word & 1 ? magnitude : -magnitude;
  }
  return out;
}

import { FedBapsError } from "../common/errors.js";

export const DECODER_KINDS = ["texture", "filter-bank", "baps"] as const;
export type DecoderKind = (typeof DECODER_KINDS)[number];

/** One named tensor inside the flat parameter vector. */
export interface ParameterEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** Index of its first value. */
  readonly offset: number;
  readonly size: number;
}

export class DecoderError extends FedBapsError<"DECODER_PARAMETERS" | "DECODER_FILE" | "DECODER_BACKEND"> {}

/** Names and places of a decoder's tensors in one flat `Float32Array`. No tensor library is needed to read it. */
export class ParameterLayout {
  readonly entries: readonly ParameterEntry[];
  readonly length: number;

  constructor(tensors: readonly (readonly [name: string, shape: readonly number[]])[]) {
    let offset = 0;
    this.entries = tensors.map(([name, shape]) => {
      const size = shape.reduce((product, side) => product * side, 1);
      const entry = { name, shape, offset, size };
      offset += size;
      return entry;
    });
    this.length = offset;
  }

  entry(name: string): ParameterEntry {
    const found = this.entries.find((entry) => entry.name === name);
    if (!found) throw new DecoderError("DECODER_PARAMETERS", `the decoder has no tensor "${name}"`);
    return found;
  }

  /** The values of one tensor: a view into `theta`, not a copy. */
  view(theta: Float32Array, name: string): Float32Array {
    const { offset, size } = this.entry(name);
    return theta.subarray(offset, offset + size);
  }

  /** @throws DecoderError DECODER_PARAMETERS when `theta` is not a finite vector of this layout's length. */
  check(theta: Float32Array): void {
    if (theta.length !== this.length)
      throw new DecoderError("DECODER_PARAMETERS", `the decoder has ${this.length} parameters, got ${theta.length}`);
    if (!theta.every(Number.isFinite))
      throw new DecoderError("DECODER_PARAMETERS", "a decoder parameter is not a finite number");
  }
}

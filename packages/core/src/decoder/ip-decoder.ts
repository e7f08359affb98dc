import type { PromptPoint } from "../blackbox/model.js";
import type { Image } from "../image/image.js";
import type { DecoderKind, ParameterLayout } from "./parameters.js";

/** Side of the square on which decoders look and draw. */
export const DECODER_SIZE = 128;

/** What a decoder keeps of one image: its frozen features, computed once. `bytes` is what it costs in memory. */
export interface PreparedImage {
  readonly bytes: number;
  dispose(): void;
}

export interface DrawRequest {
  readonly theta: Float32Array;
  readonly image: PreparedImage;
  /** The click, in pixels of the decoder's square. */
  readonly point: Pick<PromptPoint, "x" | "y">;
  /**
   * Where the object is, as a value in [0, 1] for each pixel of the square: given in training by a decoder's teacher, in
   * place of what the decoder believes. Decoders without a belief of their own leave it aside.
   */
  readonly belief?: Float32Array;
}

/**
 * An image-prompt decoder: `v = decoder(encode(image), encode(prompt); theta)`. The visual prompt `v` is added to the
 * image before the black box sees it. With the parameters of `initial`, v is zero everywhere: untrained, the system is
 * the zero-shot model exactly.
 */
export interface IpDecoder {
  readonly kind: DecoderKind;
  readonly layout: ParameterLayout;
  /** The parameters to start from; the last layer is zero. */
  initial(seed: number): Float32Array;
  /** Frozen features of one image, which must be DECODER_SIZE x DECODER_SIZE RGB. */
  prepare(image: Image): PreparedImage;
  /**
   * Draws one visual prompt per request: DECODER_SIZE x DECODER_SIZE x 3 grey levels (to be added to 0..255), rows from
   * the top, channels interleaved.
   */
  draw(requests: readonly DrawRequest[]): Promise<Float32Array[]>;
}

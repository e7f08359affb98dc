import type { PromptPoint } from "@fedbaps/core/blackbox/model.js";
import { drawClick } from "@fedbaps/core/data/clicks.js";
import { drawPhantom, LOOKS } from "@fedbaps/core/data/phantoms.js";
import { DECODER_SIZE, type IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { resizeImage, resizeMask } from "@fedbaps/core/image/resize.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import type { Case } from "@fedbaps/core/training/cases.js";

/** A phantom on the decoder's square. */
export function decoderPicture(index: number, look = 0): Image {
  const { image } = drawPhantom({ look: LOOKS[look], seed: 11, index });
  return resizeImage(image, DECODER_SIZE, DECODER_SIZE);
}

/** A phantom made ready for a black box of the given size, and a click inside its mask. */
export function phantomCase(
  decoder: IpDecoder,
  options: { readonly index: number; readonly look?: number; readonly size?: number },
): { subject: Case; point: PromptPoint } {
  const { index, look = 0, size = 128 } = options;
  const { image, mask } = drawPhantom({ look: LOOKS[look], seed: 11, index });
  const subject: Case = {
    id: index,
    image: resizeImage(image, size, size),
    mask: resizeMask(mask, size, size),
    fullMask: mask,
    prepared: decoder.prepare(resizeImage(image, DECODER_SIZE, DECODER_SIZE)),
  };
  return { subject, point: drawClick(subject.mask, new RandomStream(5, "test-click", index)) };
}

/** Parameters that draw something: the start plus noise of the given size in every place, and paint most of the picture. */
export function noisyTheta(decoder: IpDecoder, seed: number, size = 0.1): Float32Array {
  const stream = new RandomStream(seed, "test-theta");
  const theta = decoder.initial(1).map((value) => value + size * (2 * stream.uniform() - 1));
  // Zero, and clamped, at the start: noise about it would often draw nothing.
  if (decoder.kind === "texture") decoder.layout.view(theta, "amount").set([0.9, 0.8]);
  return theta;
}

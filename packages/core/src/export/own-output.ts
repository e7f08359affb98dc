import type { PromptPoint } from "../blackbox/model.js";
import { DECODER_SIZE, type IpDecoder } from "../decoder/ip-decoder.js";
import type { Image, Mask } from "../image/image.js";
import { scalePoint } from "../image/place.js";
import { resizeImage } from "../image/resize.js";
import { type Case, caseSize, type Sizing } from "../training/cases.js";
import { segmentPrompted } from "../training/prompted-model.js";
import { shownPictures } from "./shown-pictures.js";
import type { Specimen } from "./specimens.js";

/** A decoder with the black box's sizes: what an exported graph stands for. */
export interface Pipeline {
  readonly decoder: IpDecoder;
  readonly theta: Float32Array;
  readonly sizing: Sizing;
}

/** What the pipeline makes of one specimen. */
export interface OwnOutput {
  /** At the picture's own size. */
  readonly prompted: Image;
  /** As the black box is shown it. */
  readonly shown: Image;
  /** The click in `shown`. */
  readonly click: PromptPoint;
  /** The visual prompt on the decoder's square, in grey levels. */
  readonly drawn: Image;
}

const square = { width: DECODER_SIZE, height: DECODER_SIZE };
const noMask: Mask = { data: new Uint8Array(0), width: 0, height: 0 };

/**
 * Runs the pipeline as training and evaluation do, with a black box that only keeps what it is shown. At the picture's own
 * size there is no black box: the same visual prompt is added to the picture as it is.
 */
export async function ownOutput({ decoder, theta, sizing }: Pipeline, { image, point }: Specimen): Promise<OwnOutput> {
  const prepared = decoder.prepare(resizeImage(image, square.width, square.height));
  const size = caseSize(sizing, image);
  const click = scalePoint(point, image, size);
  try {
    const picture = resizeImage(image, size.width, size.height);
    const subject: Case = { id: 1, image: picture, mask: noMask, fullMask: noMask, prepared };
    const watched = shownPictures();
    await segmentPrompted(watched.model, decoder, [{ subject, point: click, theta }]);
    const [data] = await decoder.draw([{ theta, image: prepared, point: scalePoint(click, size, square) }]);
    const drawn: Image = { data, ...square, channels: 3 };
    const prompt = resizeImage(drawn, image.width, image.height).data;
    const sum = image.data.map((value, i) => Math.min(255, Math.max(0, value + prompt[i])));
    return { prompted: { ...image, data: sum }, shown: watched.pictures[0], click, drawn };
  } finally {
    prepared.dispose();
  }
}

import type { Prompt, PromptPoint, SegmentationModel } from "../blackbox/model.js";
import { DECODER_SIZE, type IpDecoder } from "../decoder/ip-decoder.js";
import type { Image, ProbabilityMap } from "../image/image.js";
import { type Size, scalePoint } from "../image/place.js";
import { resizeImage } from "../image/resize.js";
import type { Case } from "./cases.js";

/** What a query needs of a case: a picture at the size of `caseSize`, and the decoder's frozen features of it. */
export type Subject = Pick<Case, "image" | "prepared">;

/** One query: a case, a click in pixels of the case's image, and the decoder that draws on it; none is zero-shot. */
export interface PromptedQuery<S extends Subject = Case> {
  readonly subject: S;
  readonly point: PromptPoint;
  /** What the black box is told, where that is more than the one click. */
  readonly prompt?: Prompt;
  readonly theta?: Float32Array;
  /** Where the object is, on the decoder's square: what a teacher tells the decoder (`DrawRequest`). */
  readonly belief?: Float32Array;
}

const decoderSquare = { width: DECODER_SIZE, height: DECODER_SIZE };

/**
 * The prompted forward pass: image -> decoder -> visual prompt -> clip(image + prompt) -> black box.
 * @returns one probability map per query, at the size of the case's image.
 */
export async function segmentPrompted(
  model: SegmentationModel,
  decoder: IpDecoder,
  queries: readonly PromptedQuery<Subject>[],
  signal?: AbortSignal,
): Promise<ProbabilityMap[]> {
  const images = queries.map((query) => query.subject.image);
  for (const [i, prompt] of (await drawPrompts(decoder, queries)).entries())
    if (prompt) images[i] = addClipped(images[i], prompt);
  return model.segment(
    images,
    queries.map(({ point, prompt }) => prompt ?? { points: [point] }),
    signal,
  );
}

/** The visual prompts of the queries that have a decoder, each at the size of its case's image. */
export async function drawPrompts(
  decoder: IpDecoder,
  queries: readonly PromptedQuery<Subject>[],
): Promise<(Image | undefined)[]> {
  const drawn = queries.flatMap(({ subject, point, theta, belief }) => {
    if (!theta) return [];
    const request = { theta, image: subject.prepared, point: scalePoint(point, subject.image, decoderSquare) };
    return [belief ? { ...request, belief } : request];
  });
  const prompts = await decoder.draw(drawn);
  let next = 0;
  return queries.map(({ subject, theta }) => {
    if (!theta) return undefined;
    const square: Image = { data: prompts[next++], ...decoderSquare, channels: 3 };
    const { width, height } = subject.image;
    return width === DECODER_SIZE && height === DECODER_SIZE ? square : resizeImage(square, width, height);
  });
}

/** clip(image + prompt) to 0..255. */
function addClipped(image: Image, prompt: Image): Image {
  const { data: from } = image;
  const { data: add } = prompt;
  const data = new Float32Array(from.length);
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.min(255, Math.max(0, from[i] + add[i]));
  }
  return { ...image, data };
}

/** The same prompt in the picture at another size. */
export function scalePrompt({ points, box }: Prompt, from: Size, to: Size): Prompt {
  const moved = points.map((point) => scalePoint(point, from, to));
  if (!box) return { points: moved };
  const first = scalePoint({ x: box.left, y: box.top }, from, to);
  const last = scalePoint({ x: box.right, y: box.bottom }, from, to);
  return { points: moved, box: { left: first.x, top: first.y, right: last.x, bottom: last.y } };
}

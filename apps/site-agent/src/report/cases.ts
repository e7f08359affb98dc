import { evaluationClicks } from "@fedbaps/core/data/clicks.js";
import { loadSample, type Sample } from "@fedbaps/core/data/dataset.js";
import { DECODER_SIZE, type IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import type { Image, Mask } from "@fedbaps/core/image/image.js";
import { drawPromptMarks, overlay } from "@fedbaps/core/image/overlay.js";
import { ANSWER_COLOUR, showPrompt, TRUTH_COLOUR } from "@fedbaps/core/image/panel.js";
import { type Size, scalePoint } from "@fedbaps/core/image/place.js";
import { resizeImage, resizeMask } from "@fedbaps/core/image/resize.js";
import { encodePng } from "@fedbaps/core/image/write.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { drawPrompts } from "@fedbaps/core/training/prompted-model.js";
import type { AnswerFiles } from "./answer-files.js";
import { difference } from "./statistics.js";

/** A test image that is worth a look. */
export interface ChosenCase {
  readonly id: number;
  readonly zeroShot: ImageScore;
  readonly adapted?: ImageScore;
}

/** Cases at each end; a small test split has fewer. */
const EACH = 3;

/**
 * The test images that gained most, and those that gained least or lost; where the site stays zero-shot, those with the
 * highest and the lowest Dice. No image is in both lists, so of a few images the middle ones may be in either.
 */
export function chooseCases(
  zeroShot: readonly ImageScore[],
  adapted: readonly ImageScore[] | null,
): { readonly best: ChosenCase[]; readonly worst: ChosenCase[] } {
  const cases = zeroShot.map((before, i): ChosenCase => {
    const after = adapted?.[i];
    return after ? { id: before.id, zeroShot: before, adapted: after } : { id: before.id, zeroShot: before };
  });
  const worth = ({ zeroShot: before, adapted: after }: ChosenCase) =>
    after ? difference(after.dice, before.dice) : before.dice;
  const ranked = cases.sort((a, b) => worth(b) - worth(a) || a.id - b.id);
  const each = Math.min(EACH, Math.floor(ranked.length / 2));
  const most = Math.max(each, Math.min(EACH, ranked.length - each));
  return { best: ranked.slice(0, most), worst: ranked.slice(ranked.length - each).reverse() };
}

/** PNG pictures of one case, all of one size. */
export interface CasePictures {
  readonly id: number;
  readonly width: number;
  readonly height: number;
  /** With the click. */
  readonly image: Uint8Array;
  /** With the truth; absent where the answer was not kept. */
  readonly zeroShot?: Uint8Array;
  readonly adapted?: Uint8Array;
  /** What the decoder draws for the click; absent without a decoder. */
  readonly visualPrompt?: Uint8Array;
}

export interface CasePainter {
  /** Of the split and the clicks. */
  readonly seed: number;
  readonly answers: AnswerFiles;
  readonly decoder?: { readonly kind: IpDecoder; readonly theta: Float32Array };
}

/** On the page a picture is half as wide, for sharp screens. */
const TILE_WIDTH = 360;

/**
 * Paints one case from what lies at the site: asks no black box.
 * @throws DatasetError, ImageError where the picture or its mask cannot be read
 */
export async function paintCase(painter: CasePainter, sample: Sample): Promise<CasePictures> {
  const { image, mask } = await loadSample(sample);
  const [click] = evaluationClicks(mask, { seed: painter.seed, sampleId: sample.id, clicks: 1 });
  const size = { width: TILE_WIDTH, height: Math.max(1, Math.round((TILE_WIDTH * image.height) / image.width)) };
  const base = resizeImage(image, size.width, size.height);
  const truth = resizeMask(mask, size.width, size.height);
  const shown = resizeImage(base, size.width, size.height);
  drawPromptMarks(shown, { points: [scalePoint(click, image, size)] }, 2);
  const answered = async (subject: "zero-shot" | "adapted") => {
    const answer = await painter.answers.read(subject, sample.id);
    // Of another picture than the one that was measured: the data have changed.
    if (!answer || answer.width !== mask.width || answer.height !== mask.height) return undefined;
    return encodePng(outlined(base, truth, resizeMask(answer, size.width, size.height)));
  };
  const { decoder } = painter;
  const [zeroShot, adapted] = [await answered("zero-shot"), decoder && (await answered("adapted"))];
  const visualPrompt = decoder && (await encodePng(await drawn(decoder, image, click, halved(size))));
  return {
    id: sample.id,
    ...size,
    image: await encodePng(shown),
    ...(zeroShot ? { zeroShot } : {}),
    ...(adapted ? { adapted } : {}),
    ...(visualPrompt ? { visualPrompt } : {}),
  };
}

/** The truth is the wider line, so that it still shows where the answer runs exactly along it. */
function outlined(base: Image, truth: Mask, answer: Mask): Image {
  return overlay(base, [
    { mask: truth, colour: TRUTH_COLOUR, width: 4 },
    { mask: answer, colour: ANSWER_COLOUR, fill: 0.2, width: 2 },
  ]);
}

/** Prompts are drawn on a coarser square: more pixels would only be bytes. */
function halved({ width, height }: Size): Size {
  return { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
}

async function drawn(
  { kind, theta }: NonNullable<CasePainter["decoder"]>,
  image: Image,
  click: ReturnType<typeof evaluationClicks>[number],
  { width, height }: Size,
): Promise<Image> {
  const square = resizeImage(image, DECODER_SIZE, DECODER_SIZE);
  const prepared = kind.prepare(square);
  try {
    const point = scalePoint(click, image, square);
    const [prompt] = await drawPrompts(kind, [{ subject: { image: square, prepared }, point, theta }]);
    return resizeImage(showPrompt(prompt ?? square), width, height);
  } finally {
    prepared.dispose();
  }
}

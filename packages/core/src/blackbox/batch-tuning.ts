import { type Clock, elapsed } from "../common/clock.js";
import type { Image, ProbabilityMap } from "../image/image.js";
import { scalePoint } from "../image/place.js";
import { resizeImage } from "../image/resize.js";
import { inBatches } from "./batches.js";
import type { ModelDescription, Prompt, SegmentationModel } from "./model.js";
import { drawScene } from "./probe.js";
import { STANDARD_BATCH } from "./promptable.js";

/** The standard comes first: it stays unless another is clearly faster. */
const CANDIDATES = [STANDARD_BATCH, 4, 2, 1] as const;
const ROUNDS = 3;
/** Milliseconds after which nothing more is tried. */
const PATIENCE = 1000;
/** What another must save: a share of the standard's time, and milliseconds. Less is noise. */
const CLEARLY = { share: 0.05, milliseconds: 3 };
/** Pictures that are drawn; more are these again. */
const DRAWN = 8;

/**
 * Tries out on drawn pictures how many images a call had best have. Only for a black box in this process, where asking
 * costs nothing but the time. One whose answers are not those of the standard to the last bit is not chosen.
 * @param open the black box with so many images a call. @returns that number: 1, 2, 4 or 8.
 * @throws what the black box throws; the signal's reason.
 */
export async function tuneBatch(
  open: (batch: number) => SegmentationModel,
  clock: Clock,
  signal?: AbortSignal,
): Promise<number> {
  const models = CANDIDATES.map((batch) => ({ batch, model: open(batch), best: Number.POSITIVE_INFINITY }));
  const [standard] = models;
  const { nativeSize, concurrency } = standard.model.description;
  const asked = drawAsked(STANDARD_BATCH * concurrency, nativeSize);
  const start = elapsed(clock);
  const ask = (model: SegmentationModel, images: number) =>
    inCalls(model, asked.images.slice(0, images), asked.prompts.slice(0, images), signal);
  const patient = () => elapsed(clock) - start < PATIENCE;
  await ask(standard.model, STANDARD_BATCH);
  if (!patient()) return STANDARD_BATCH;
  const expected = await ask(standard.model, asked.images.length);
  const rivals = [standard];
  for (const candidate of models.slice(1))
    if (patient() && sameAnswers(expected, await ask(candidate.model, asked.images.length))) rivals.push(candidate);
  for (let round = 0; round < ROUNDS && patient(); round++)
    for (const rival of rivals) {
      const before = elapsed(clock);
      await ask(rival.model, asked.images.length);
      rival.best = Math.min(rival.best, elapsed(clock) - before);
    }
  const fastest = rivals.reduce((one, other) => (other.best < one.best ? other : one));
  const least = Math.max(CLEARLY.share * standard.best, CLEARLY.milliseconds);
  return standard.best - fastest.best > least ? fastest.batch : STANDARD_BATCH;
}

function inCalls(model: SegmentationModel, images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal) {
  const { maxBatch: size, concurrency, spread } = model.description;
  return inBatches(images, prompts, { size, concurrency, spread, signal }, (batch, given) =>
    model.segment(batch, given, signal),
  );
}

/** Pictures of the black box's own size, so that their resizing is not part of the time. */
function drawAsked(count: number, nativeSize: ModelDescription["nativeSize"]) {
  const scenes = Array.from({ length: DRAWN }, (_, variant) => drawScene(variant));
  const images = scenes.map(({ image }) => resizeImage(image, nativeSize.width, nativeSize.height));
  const prompts = scenes.map(({ image, prompt }) => ({
    points: prompt.points.map((point) => scalePoint(point, image, nativeSize)),
  }));
  const repeated = <T>(list: readonly T[]) => Array.from({ length: count }, (_, i) => list[i % DRAWN]);
  return { images: repeated(images), prompts: repeated<Prompt>(prompts) };
}

function sameAnswers(expected: readonly ProbabilityMap[], found: readonly ProbabilityMap[]): boolean {
  return expected.every(({ data }, i) => data.every((value, j) => Object.is(value, found[i].data[j])));
}

import type { SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import { evaluationPrompts } from "@fedbaps/core/data/clicks.js";
import { loadSample, openDataset } from "@fedbaps/core/data/dataset.js";
import type { Image, Mask } from "@fedbaps/core/image/image.js";
import { resizeImage, resizeMask } from "@fedbaps/core/image/resize.js";
import { mean } from "@fedbaps/core/math/vector.js";
import { overlap, threshold } from "@fedbaps/core/metrics/overlap.js";

/** Clicks per picture: a validation list has one to three. */
const CLICKS = 2;

/** A picture and its mask at the size that the black box looks at. */
export interface Subject {
  readonly id: number;
  readonly image: Image;
  readonly mask: Mask;
}

/** All pictures of a folder, ready for a black box. */
export async function readCentre(folder: string, model: SegmentationModel, seed: number): Promise<Subject[]> {
  const { train, val, test } = await openDataset(folder, { seed });
  const { width, height } = model.description.nativeSize;
  const subjects: Subject[] = [];
  for (const sample of [...train, ...val, ...test]) {
    const { image, mask } = await loadSample(sample);
    const small = resizeMask(mask, width, height);
    // A click needs a pixel inside: a mask that vanishes at this size is left out.
    if (small.data.some((value) => value > 0))
      subjects.push({ id: sample.id, image: resizeImage(image, width, height), mask: small });
  }
  return subjects;
}

/** The mean Dice of each picture over its fixed clicks, with something done to the picture first. */
export async function diceOf(
  model: SegmentationModel,
  subjects: readonly Subject[],
  seed: number,
  change: (subject: Subject) => Image = ({ image }) => image,
): Promise<number[]> {
  const dice: number[] = [];
  for (const subject of subjects) {
    const { id, mask } = subject;
    const prompts = evaluationPrompts(mask, { seed, sampleId: id, clicks: CLICKS });
    const image = change(subject);
    const maps = await model.segment(
      prompts.map(() => image),
      prompts,
    );
    dice.push(mean(maps.map((map) => overlap(threshold(map, 0.5), mask).dice)));
  }
  return dice;
}

import type { Fault } from "../image/errors.js";
import { accessProblem } from "./discovery/formats.js";
import { type Figures, figuresOf } from "./figures.js";
import type { KeptFindings } from "./findings.js";
import { mapLimited } from "./limited.js";
import { inspectSample, pagesOf } from "./load.js";
import { PARTS, type Part } from "./parts.js";
import { type Problem, problemOf } from "./problem.js";
import type { Sample } from "./samples.js";
import { type PictureSource, placeInFile } from "./sources.js";
import type { Split } from "./split.js";

/** One case, read: its figures if it can be used, and what is wrong or strange with it. */
export interface Examined {
  readonly sample: Sample;
  readonly figures?: Figures;
  readonly problems: readonly Problem[];
}

export interface ExamineOptions {
  readonly findings?: KeptFindings | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** While one is decoded by another thread, one is looked at here. More are no faster, and pictures may take a gigabyte each. */
const AT_ONCE = 2;

/** Carries what is strange about a mask past the keeping of figures, which is for good cases only. */
class Unusable extends Error {
  constructor(
    readonly reason: unknown,
    readonly strange: Fault | undefined,
  ) {
    super("unusable");
  }
}

async function look(sample: Sample): Promise<Figures> {
  const { image, mask, strange, error } = await inspectSample(sample);
  if (error !== undefined) throw new Unusable(error, strange);
  const pages = await pagesOf(sample);
  return { ...figuresOf(image, mask, strange), ...(pages ? { pages } : {}) };
}

async function examineOne(sample: Sample, findings: KeptFindings | undefined): Promise<Examined> {
  const { id, image, mask } = sample;
  try {
    const read = () => look(sample);
    const figures = findings ? await findings.figures([image.path, mask.path], { image, mask }, read) : await read();
    return { sample, figures, problems: oddities(sample, figures) };
  } catch (error) {
    const barred = (await accessProblem(image.path)) ?? (await accessProblem(mask.path));
    const [reason, strange] = error instanceof Unusable ? [error.reason, error.strange] : [error, undefined];
    const problem = { ...(barred ?? problemOf(reason, image.path)), sample: id };
    return { sample, problems: strange ? [problem, strangeMask(sample, strange)] : [problem] };
  }
}

function strangeMask({ id, mask }: Sample, { reason, remedy }: Fault): Problem {
  return { severity: "warning", code: "MASK_VALUES", file: mask.path, sample: id, message: reason, remedy };
}

/** What does not keep a case from being used. */
function oddities(sample: Sample, { blank, strange, pages }: Figures): Problem[] {
  const { id, image } = sample;
  const problems: Problem[] = [];
  if (blank)
    problems.push({
      severity: "warning",
      code: "IMAGE_BLANK",
      file: image.path,
      sample: id,
      message: `${placed(image)}all pixels are alike`,
      remedy: "look at the picture; take the pair out if it shows nothing",
    });
  if (strange) problems.push(strangeMask(sample, strange));
  if (pages)
    problems.push({
      severity: "warning",
      code: "IMAGE_PAGES",
      file: image.path,
      sample: id,
      message: `has ${pages} pages or frames, of which the first is used`,
      remedy: "save the others as files of their own, with their masks, if they are wanted",
    });
  return problems;
}

/**
 * Reads every sample once, a few at a time, and keeps only figures: any number of pictures in bounded memory.
 * @throws the signal's reason when it is aborted
 */
export async function examine(
  samples: readonly Sample[],
  { findings, signal, onProgress }: ExamineOptions,
): Promise<Examined[]> {
  let done = 0;
  try {
    const examined = await mapLimited(samples, AT_ONCE, async (sample) => {
      signal?.throwIfAborted();
      const one = await examineOne(sample, findings);
      onProgress?.(++done, samples.length);
      return one;
    });
    signal?.throwIfAborted();
    return examined;
  } finally {
    // What was found before a stop need not be found again.
    await findings?.save();
  }
}

/** The part of every sample, by its number. */
export function partsById(split: Split<Sample>): ReadonlyMap<number, Part> {
  return new Map(PARTS.flatMap((part) => split[part].map(({ id }) => [id, part] as const)));
}

/**
 * Pictures with equal pixels. Where they lie in different parts, those in training are bad cases, and those in validation if
 * one is in test: what is measured on a picture that was trained on would be too good. Else they are warned of.
 */
export function equalPictures(examined: readonly Examined[], parts: ReadonlyMap<number, Part>): Problem[] {
  const groups = new Map<string, Sample[]>();
  for (const { sample, figures } of examined)
    if (figures && !figures.blank) groups.set(figures.picture, [...(groups.get(figures.picture) ?? []), sample]);
  return [...groups.values()].filter(({ length }) => length > 1).flatMap((group) => equalProblems(group, parts));
}

/** The beginning of a message about one picture of a file. */
function placed(image: PictureSource): string {
  const place = placeInFile(image);
  return place === "" ? "" : `${place} `;
}

function named({ image }: Sample): string {
  const place = placeInFile(image);
  return place === "" ? image.path : `${place} of ${image.path}`;
}

function equalProblems(group: readonly Sample[], parts: ReadonlyMap<number, Part>): Problem[] {
  const rank = ({ id }: Sample) => PARTS.indexOf(parts.get(id) ?? "train");
  const kept = group.reduce((best, sample) => (rank(sample) > rank(best) ? sample : best));
  return group
    .filter((sample) => sample !== kept)
    .map((sample): Problem => {
      const about = { file: sample.image.path, sample: sample.id };
      const remedy = "take one of them out";
      return rank(sample) === rank(kept)
        ? {
            ...about,
            severity: "warning",
            code: "IMAGE_DUPLICATE",
            message: `${placed(sample.image)}is the same picture as ${named(kept)}`,
            remedy,
          }
        : {
            ...about,
            severity: "case",
            code: "IMAGE_IN_TWO_SPLITS",
            message:
              `${placed(sample.image)}is in ${PARTS[rank(sample)]}, and the same picture is in ${PARTS[rank(kept)]} as ` +
              named(kept),
            remedy,
          };
    });
}

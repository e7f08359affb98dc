import { canonicalJson } from "../common/hash.js";
import type { FoundCase } from "./discovery/found-case.js";
import { PARTS, type Part } from "./parts.js";
import { PatientNames, passingSalt, type SaltSource } from "./patients.js";
import type { Problem } from "./problem.js";
import type { MaskSource, PictureSource } from "./sources.js";
import { DEFAULT_FRACTIONS, type Split, type SplitFractions, splitByGroup } from "./split.js";

/** One picture with its mask. */
export interface Sample {
  /** Running number from 1, in the order of the stems: the only name that may leave the site. */
  readonly id: number;
  /**
   * The picture's path without folder and extension, with the frame or slice where its file has several: may name a patient,
   * so it is never sent.
   */
  readonly stem: string;
  readonly image: PictureSource;
  readonly mask: MaskSource;
  /** Equal for pictures of one patient, where that is known; says nothing else (see `PatientNames`). */
  readonly patient?: string;
}

/** Numbers the cases, and replaces patients' identifiers by names that say nothing. */
export async function samplesOf(cases: readonly FoundCase[], salt: SaltSource = passingSalt): Promise<Sample[]> {
  const names = new PatientNames(salt);
  const known = new Map<string, string>();
  const samples: Sample[] = [];
  for (const [i, { stem, image, mask, patient }] of cases.entries()) {
    const sample = { id: i + 1, stem, image, mask };
    if (!patient) {
      samples.push(sample);
      continue;
    }
    const key = `${patient.kind}\0${patient.identifier}`;
    const name = known.get(key) ?? (await names.name(patient.kind, patient.identifier));
    known.set(key, name);
    samples.push({ ...sample, patient: name });
  }
  return samples;
}

/**
 * The sample's name and how it is read, wherever its folder lies: equal only for the same picture and mask. For plain
 * pictures the stem alone. May name a patient.
 */
export function sampleText({ stem, image, mask }: Sample): string {
  if (image.kind === "picture" && mask.kind === "picture") return stem;
  const unplaced = ({ path: _, ...how }: PictureSource | MaskSource) => how;
  return `${stem} ${canonicalJson([unplaced(image), unplaced(mask)])}`;
}

/** Which parts the samples go to, and how they are split where their folder does not say. */
export interface SplitOptions {
  readonly seed: number;
  readonly fractions?: SplitFractions | undefined;
}

/**
 * Splits by patient, at random by the seed; or as the folder says. Samples of unknown patients stand for themselves.
 * @param parts the part of each sample, where the folder brings its own split
 * @throws DatasetError DATASET_TOO_SMALL
 */
export function splitSamples(
  samples: readonly Sample[],
  parts: readonly (Part | undefined)[],
  { seed, fractions = DEFAULT_FRACTIONS }: SplitOptions,
): Split<Sample> {
  if (!parts.some((part) => part !== undefined))
    return splitByGroup(samples, ({ patient }) => patient, seed, fractions);
  const of = (part: Part) => samples.filter((_, i) => parts[i] === part);
  return { train: of("train"), val: of("val"), test: of("test") };
}

/** Patients that a folder's own split puts into two parts: what is measured on them would be too good. */
export function sharedPatients(split: Split<Sample>): Problem[] {
  const first = new Map<string, { part: Part; sample: Sample }>();
  const told = new Set<string>();
  const problems: Problem[] = [];
  for (const part of PARTS)
    for (const sample of split[part]) {
      const { patient } = sample;
      if (patient === undefined) continue;
      const before = first.get(patient);
      if (!before) first.set(patient, { part, sample });
      else if (before.part !== part && !told.has(`${patient} ${part}`)) {
        told.add(`${patient} ${part}`);
        problems.push({
          severity: "fatal",
          code: "PATIENT_IN_TWO_SPLITS",
          file: sample.image.path,
          sample: sample.id,
          message: `is in ${part}, but ${before.sample.image.path} of the same patient is in ${before.part}`,
          remedy: "put all pictures of a patient into one part",
        });
      }
    }
  return problems;
}

/** Parts of a folder's own split that are empty. */
export function emptyParts(split: Split<Sample>, folder: string): Problem[] {
  return PARTS.filter((part) => split[part].length === 0).map((part) => ({
    severity: "fatal",
    code: "DATASET_PART_EMPTY",
    file: folder,
    message: `there is no case in ${part}`,
    remedy: "each of train, val and test needs at least one",
  }));
}

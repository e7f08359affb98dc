import type { DicomHeader } from "../../dicom/header.js";
import type { KeptFindings } from "../findings.js";
import { mapLimited } from "../limited.js";
import type { Problem } from "../problem.js";
import type { ReadingRules } from "../reading.js";
import { noPictures, twice, unpaired, wrongKind } from "./complaints.js";
import { dicomCases } from "./dicom-frames.js";
import type { FoundFile } from "./formats.js";
import { type Found, spoiled, together } from "./found-case.js";
import { MaskIndex } from "./masks.js";
import type { Shelf } from "./shelf.js";
import { volumeCases } from "./volumes.js";

/** Label maps are large: as many at once as there are usually processors. */
const VOLUMES_AT_ONCE = 2;

/** What pairing goes by. */
export interface PairingOptions {
  readonly rules: ReadingRules;
  readonly findings?: KeptFindings | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A picture's mask that is a file, or why there is none. */
function oneMask(file: FoundFile, masks: readonly FoundFile[]): FoundFile | Problem {
  if (masks.length === 0) return unpaired(file);
  return masks.length === 1 ? masks[0] : twice(masks, "masks");
}

/** Images that name no study count as of one. */
const studyOf = ({ study = "" }: Pick<DicomHeader, "study">) => study;

/** @param covered the studies of which segmentations cover some image */
async function casesOf(
  file: FoundFile,
  index: MaskIndex,
  options: PairingOptions,
  covered: ReadonlySet<string>,
): Promise<Found> {
  if (file.kind === "dicom") return dicomCases(file, index, options.rules, covered.has(studyOf(file.header ?? {})));
  const mask = oneMask(file, index.named(file.stem));
  if ("severity" in mask) return spoiled(mask);
  return pairOf(file, mask, options);
}

/** The cases of a picture or volume whose mask is known. */
export async function pairOf(file: FoundFile, mask: FoundFile, options: PairingOptions): Promise<Found> {
  if (file.kind === "nifti") return volumeCases(file, mask, options.rules, options.findings);
  if (mask.kind !== "picture") return spoiled(wrongKind(mask, file));
  const found = {
    stem: file.stem,
    image: { kind: "picture" as const, path: file.path },
    mask: { kind: "picture" as const, path: mask.path },
  };
  return together([{ cases: [found], problems: [], unused: 0 }]);
}

/**
 * Pairs pictures with masks, sorted by stem. Masks without a picture are ignored: people keep masks of pictures that they
 * took out.
 */
export async function pairShelf(shelf: Shelf, options: PairingOptions): Promise<Found> {
  const { index, problems } = await MaskIndex.of(shelf.masks, shelf.segmentations);
  const byStem = new Map<string, FoundFile[]>();
  for (const file of shelf.pictures) byStem.set(file.stem, [...(byStem.get(file.stem) ?? []), file]);
  const instances = new Set(shelf.pictures.flatMap(({ header }) => header?.instance ?? []));
  const strangers = index.strangers(instances);
  // Images of a study that has no segmentation at all may have lost it: that is told.
  const covered = new Set(
    shelf.pictures.flatMap(({ header }) =>
      header && index.covering(header.instance).length > 0 ? studyOf(header) : [],
    ),
  );
  const stems = [...byStem.keys()].sort();
  const found = await mapLimited(stems, VOLUMES_AT_ONCE, async (stem) => {
    options.signal?.throwIfAborted();
    const files = byStem.get(stem) as FoundFile[];
    return files.length > 1 ? spoiled(twice(files, "pictures")) : casesOf(files[0], index, options, covered);
  });
  const all = together(found);
  const own = [...shelf.problems, ...problems, ...strangers.map(unmatched)];
  const none = shelf.pictures.length === 0 && shelf.problems.length === 0;
  const empty = none ? [noPictures(shelf.folder, shelf.others + shelf.masks.length)] : [];
  // Where a folder could not be looked into, nobody should take pictures out because their masks were not seen.
  const blind = shelf.problems.some(({ severity }) => severity === "fatal");
  const told = blind ? all.problems.filter(({ code }) => code !== "DATASET_UNPAIRED") : all.problems;
  const { part } = shelf;
  const cases = part ? all.cases.map((one) => ({ ...one, part })) : all.cases;
  return { ...all, cases, problems: [...own, ...told, ...empty] };
}

function unmatched(path: string): Problem {
  return {
    severity: "warning",
    code: "SEGMENTATION_UNMATCHED",
    file: path,
    message: "none of the images that it segments is here",
    remedy: "put the images beside it, or take it out",
  };
}

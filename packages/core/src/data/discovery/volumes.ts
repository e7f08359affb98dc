import { chooseSlices } from "../../nifti/slices.js";
import type { KeptFindings } from "../findings.js";
import { type Problem, problemOf } from "../problem.js";
import type { ReadingRules } from "../reading.js";
import { wrongKind } from "./complaints.js";
import type { FoundFile } from "./formats.js";
import { type Found, NOTHING, spoiled } from "./found-case.js";

/** The slices that a rule chooses of a label map, from 0; those of a file that has not changed are known. */
async function slicesOf(mask: FoundFile, rules: ReadingRules, findings: KeptFindings | undefined): Promise<number[]> {
  const { plane, slices, labels } = rules;
  const look = () => chooseSlices(mask.path, plane, slices, labels);
  if (!findings) return look();
  return findings.slices([mask.path], { plane, slices, labels }, look);
}

/**
 * The cases of a volume: slices of its label map by the rule. The whole volume is one patient's.
 * @param findings where the outcome for a label map that has not changed is kept
 */
export async function volumeCases(
  file: FoundFile,
  mask: FoundFile,
  rules: ReadingRules,
  findings?: KeptFindings,
): Promise<Found> {
  if (mask.kind !== "nifti") return spoiled(wrongKind(mask, file));
  let indices: number[];
  try {
    indices = await slicesOf(mask, rules, findings);
  } catch (error) {
    return spoiled(problemOf(error, mask.path));
  }
  if (indices.length === 0) return spoiled(nothingMarked(mask, rules));
  const { plane, window, labels } = rules;
  return {
    ...NOTHING,
    cases: indices.map((index) => ({
      stem: `${file.stem}_${plane}-${String(index).padStart(3, "0")}`,
      image: { kind: "nifti", path: file.path, plane, index, ...(window === undefined ? {} : { window }) },
      mask: { kind: "nifti", path: mask.path, plane, index, ...(labels === undefined ? {} : { labels }) },
      patient: { kind: "file", identifier: file.path },
    })),
  };
}

function nothingMarked(mask: FoundFile, { labels }: ReadingRules): Problem {
  return {
    severity: "case",
    code: "MASK_EMPTY",
    file: mask.path,
    message: labels ? `no voxel has the label ${labels.join(" or ")}` : "nothing is marked in the whole volume",
    remedy: labels ? "correct labels: in site.yaml, or --labels; or take the pair out" : "mark it or take the pair out",
  };
}

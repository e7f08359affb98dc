import { DatasetError, type DatasetErrorCode } from "./errors.js";
import { errorOf, firstFew, type Problem } from "./problem.js";

/** The share of the cases that may be bad, and are left out, where nothing else is said. */
export const DEFAULT_TOLERANCE = 0.05;

/** Rounding must not refuse 1 case of 20 at 0.05. */
const HAIR = 1e-9;

/** Problems for which a case is left out, one a case. */
export function badCases(problems: readonly Problem[]): Problem[] {
  const seen = new Set<number>();
  return problems.filter(({ severity, sample }) => {
    if (severity !== "case" || (sample !== undefined && seen.has(sample))) return false;
    if (sample !== undefined) seen.add(sample);
    return true;
  });
}

/** Whether so many bad cases are forgiven. @param total good and bad ones */
export function forgiven(bad: number, total: number, tolerance: number): boolean {
  return bad <= tolerance * total + HAIR;
}

/** How often each code occurs, the most frequent first. */
export function countByCode(problems: readonly Problem[]): { code: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { code } of problems) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count);
}

/** "MASK_EMPTY 3, IMAGE_UNREADABLE 1" */
export function codesText(problems: readonly Problem[]): string {
  return countByCode(problems)
    .map(({ code, count }) => `${code} ${count}`)
    .join(", ");
}

/** Fatal because of bad cases, if there are any: those are told first. */
const CONSEQUENCES = ["DATASET_TOO_SMALL", "DATASET_PART_EMPTY"];

/** What the bad cases are measured by. */
export interface Judged {
  /** Good and bad cases. */
  readonly total: number;
  readonly tolerance: number;
  readonly folder: string;
}

/**
 * Why data cannot be used, as one error; undefined if they can, bad cases within the tolerance left out. Its code is that
 * of the fatal problem; for bad cases see `badCasesError`.
 */
export function refusal(problems: readonly Problem[], judged: Judged): DatasetError | undefined {
  const fatal = problems.filter(({ severity }) => severity === "fatal");
  const causes = fatal.filter(({ code }) => !CONSEQUENCES.includes(code));
  return fatalError(causes, judged.folder) ?? badCasesError(problems, judged) ?? fatalError(fatal, judged.folder);
}

function fatalError(fatal: readonly Problem[], folder: string): DatasetError | undefined {
  if (fatal.length <= 1) return fatal[0] && errorOf(fatal[0]);
  const [{ code, file, remedy }] = fatal;
  const same = fatal.every((one) => one.code === code && one.file === file && one.remedy === remedy);
  const told = fatal.map((one) => (one.file === file ? one.message : `${one.file} ${one.message}`));
  const text = same
    ? `${file}: ${fatal.length} problems (${firstFew(told)}); ${remedy}`
    : `${file}: ${fatal.length} problems (${firstFew(told)}); ${remedy}; fedbaps-site data check says what to do for each`;
  return new DatasetError(code as DatasetErrorCode, text, { folder, count: fatal.length });
}

/**
 * Why so many bad cases are not forgiven, as one error: DATASET_UNPAIRED or DATASET_DUPLICATE where that is all that is
 * wrong, else DATASET_BAD_CASES. Undefined if they are.
 */
function badCasesError(problems: readonly Problem[], { total, tolerance, folder }: Judged): DatasetError | undefined {
  const bad = badCases(problems);
  if (forgiven(bad.length, total, tolerance)) return undefined;
  const fields = { folder, count: bad.length, codes: countByCode(bad) };
  const names = firstFew(bad.map(({ stem, file }) => stem ?? file));
  const only = (code: string) => bad.every((problem) => problem.code === code);
  if (only("DATASET_UNPAIRED"))
    return new DatasetError(
      "DATASET_UNPAIRED",
      `${folder}: ${bad.length} of ${total} pictures have no mask of the same stem in masks/: ${names}; add the masks or take ` +
        "these pictures out",
      fields,
    );
  if (only("DATASET_DUPLICATE"))
    return new DatasetError(
      "DATASET_DUPLICATE",
      `${folder}: more than one file of the same stem (${names}); keep one of each`,
      fields,
    );
  const [{ file, message }] = bad;
  return new DatasetError(
    "DATASET_BAD_CASES",
    `${folder}: ${bad.length} of ${total} cases cannot be used (${codesText(bad)}), more than the tolerance of ` +
      `${percent(tolerance)}; the first is ${file}: ${message}; mend them or take them out, fedbaps-site data check says ` +
      "what to do for each",
    fields,
  );
}

/** A share for a person. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

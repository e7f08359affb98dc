import { relative, sep } from "node:path";
import type { Checked } from "@fedbaps/core/data/check.js";
import type { Problem, Severity } from "@fedbaps/core/data/problem.js";
import { percent } from "@fedbaps/core/data/tolerance.js";

/** Files listed of one kind of problem, for a person: --json lists all. */
const LISTED = 10;
const SIZES = 5;

const HEADINGS: Readonly<Record<Severity, string>> = {
  fatal: "to be mended first",
  case: "bad cases",
  warning: "worth a look",
};

/** A file's path below the data folder, with "/" between the names; as it is where it lies elsewhere. */
export function shortPath(folder: string, file: string): string {
  const below = relative(folder, file);
  if (below === "") return ".";
  return below.startsWith("..") ? file : below.split(sep).join("/");
}

/** What `data check --json` prints. */
export function checkedJson(checked: Checked) {
  const { folder, error, images, patients, splits, tolerance, leftOut, unused, foreground, sizes, formats } = checked;
  return {
    usable: error === undefined,
    images,
    problems: checked.problems.map(({ severity, code, file, message, remedy, sample }) => ({
      code,
      severity,
      file: shortPath(folder, file),
      message,
      remedy,
      ...(sample === undefined ? {} : { id: sample }),
    })),
    patients: patients ?? null,
    splits,
    ownSplit: checked.ownSplit,
    tolerance,
    leftOut,
    unused,
    foreground: foreground ?? null,
    sizes,
    formats,
    ...(error ? { reason: { code: error.code, message: error.message } } : {}),
  };
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  if (entries.length === 1) return entries[0][0];
  return entries.map(([name, count]) => `${name} ${count}`).join(", ");
}

function sizesText({ sizes }: Checked): string {
  const shown = sizes.slice(0, SIZES).map(({ width, height, images }) => `${width} x ${height} (${images})`);
  const rest = sizes.length - shown.length;
  return shown.join(", ") + (rest > 0 ? ` and ${rest} other ${rest === 1 ? "size" : "sizes"}` : "");
}

function problemLines({ folder, problems }: Checked, severity: Severity): string[] {
  const groups = new Map<string, Problem[]>();
  for (const problem of problems)
    if (problem.severity === severity) groups.set(problem.code, [...(groups.get(problem.code) ?? []), problem]);
  if (groups.size === 0) return [];
  const lines = [...groups].flatMap(([code, group]) => [
    `  ${code} (${group.length})`,
    ...group.slice(0, LISTED).map(({ file, message, remedy, sample }) => {
      const number = sample === undefined ? "" : ` (case ${sample})`;
      // A file's name must not command the terminal, or break the line.
      return `    ${shortPath(folder, file)}${number}: ${message}; ${remedy}`.replace(/\p{Cc}/gu, "?");
    }),
    ...(group.length > LISTED ? [`    and ${group.length - LISTED} more (--json lists all)`] : []),
  ]);
  return ["", `${HEADINGS[severity]}:`, ...lines];
}

/** The outcome for a person. */
export function checkedText(checked: Checked): string {
  const { folder, error, images, patients, splits, ownSplit, leftOut, unused, tolerance, foreground, formats } =
    checked;
  const parts = `train ${splits.train}, val ${splits.val}, test ${splits.test}`;
  const lines = [
    `${folder}: ${error ? "cannot be used as it is" : "usable"}`,
    `  images    ${images}${checked.examined.length > 0 ? `: ${countsText(formats.images)}, masks ${countsText(formats.masks)}` : ""}`,
    `  parts     ${parts} (${ownSplit ? "the folder's own" : "split at random by the seed"})`,
    `  patients  ${patients ?? "not known: pictures of one may be in two parts"}`,
    ...(checked.sizes.length > 0 ? [`  sizes     ${sizesText(checked)}`] : []),
    ...(foreground
      ? [
          `  marked    ${percent(foreground.min)} of the picture at least, ${percent(foreground.median)} median, ` +
            `${percent(foreground.max)} at most`,
        ]
      : []),
    ...(leftOut > 0
      ? [`  bad       ${leftOut} of ${images}; up to ${percent(tolerance)} are left out, more are refused`]
      : []),
    ...(unused > 0 ? [`  unused    ${unused} images of studies, not marked by their segmentations`] : []),
    ...problemLines(checked, "fatal"),
    ...problemLines(checked, "case"),
    ...problemLines(checked, "warning"),
  ];
  return `${lines.join("\n")}\n`;
}

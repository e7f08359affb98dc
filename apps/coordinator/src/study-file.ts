import { type StudySpec, studySpecSchema } from "@fedbaps/core/wire/study.js";
import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { CoordinatorError } from "./errors.js";

/** One thing that is wrong in a study file. */
export interface StudyFault {
  /** `participation.sites.2`, or empty for the whole file. */
  path: string;
  line: number | undefined;
  message: string;
}

export class StudyFileError extends CoordinatorError {
  constructor(readonly faults: readonly StudyFault[]) {
    const lines = faults.map(({ path, line, message }) =>
      [line === undefined ? [] : [`line ${line}`], path === "" ? [] : [path], [message]].flat().join(": "),
    );
    super(
      "STUDY_FILE",
      `the study has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}:\n  ${lines.join("\n  ")}`,
    );
  }
}

/** Reads a study as its lead wrote it. @throws StudyFileError with every fault at once. */
export function parseStudyFile(text: string): StudySpec {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  if (document.errors.length > 0)
    throw new StudyFileError(
      document.errors.map((error) => ({ path: "", line: lines.linePos(error.pos[0]).line, message: error.message })),
    );
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const parsed = studySpecSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new StudyFileError(
    issuesOf(value, parsed.error)
      .map(({ path, message }) => ({
        path: path.join("."),
        line: lineOf(document, lines, path),
        message,
      }))
      .sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
  );
}

interface Issue {
  path: PropertyKey[];
  message: string;
}

/**
 * All issues of a value. Zod checks rules between fields only when each field is sound; so what is unsound is replaced
 * by something sound, and the rest is judged again.
 */
function issuesOf(value: unknown, error: z.ZodError): Issue[] {
  const issues = error.issues.flatMap(flatten);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return issues;
  const mended: Record<string, unknown> = structuredClone(value) as Record<string, unknown>;
  for (const { path } of issues) mend(mended, path);
  const again = studySpecSchema.safeParse(mended);
  const known = new Set(issues.map((issue) => issue.path.join(".")));
  const more = again.success
    ? []
    : again.error.issues.flatMap(flatten).filter(({ path }) => !known.has(path.join(".")));
  return [...issues, ...more];
}

function flatten(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path, message: missingOr(issue) }];
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    message: "is not a setting of a study; is it misspelt?",
  }));
}

function missingOr(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_type" && issue.message.endsWith("received undefined") ? "is missing" : issue.message;
}

function mend(study: Record<string, unknown>, path: PropertyKey[]): void {
  const [first, second, third] = path;
  const participation = study.participation as { sites?: unknown[] } | undefined;
  if (first === "name") study.name = "name";
  else if (first !== "participation") delete study[String(first)];
  else if (second === "sites" && typeof third === "number" && participation?.sites)
    participation.sites[third] = `site-${third}-0`;
  else if (second !== undefined && second !== "sites" && participation)
    delete (participation as Record<PropertyKey, unknown>)[second];
}

/** The line of the setting, or of the nearest one above it that is in the file. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const [parent, key] = [path.slice(0, length - 1), path[length - 1]];
    const node = parent.length === 0 ? document.contents : document.getIn(parent, true);
    const place = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && item.key.value === key)?.key
      : isNode(node) && "items" in node
        ? (node.items as Node[])[Number(key)]
        : undefined;
    if (isNode(place) && place.range) return lines.linePos(place.range[0]).line;
  }
  return undefined;
}

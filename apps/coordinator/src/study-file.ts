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
  const value = contentsOf(document);
  if (value === null) throw new StudyFileError([{ path: "", line: undefined, message: "the file is empty" }]);
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

/** @throws StudyFileError for a file that unfolds into far more than is written in it. */
function contentsOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    const message = "the file's aliases (*name) cannot be unfolded; write out what they stand for";
    throw new StudyFileError([{ path: "", line: undefined, message }]);
  }
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
  // A number beyond all bounds breaks two rules; the last one is the study's own.
  const issues = [...new Map(error.issues.flatMap(flatten).map((issue) => [issue.path.join("."), issue])).values()];
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
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path, message: plainWords(issue) }];
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    message: "is not a setting of a study; is it misspelt?",
  }));
}

const KINDS: Readonly<Record<string, string>> = {
  number: "must be a number",
  int: "must be a whole number",
  string: "must be text",
  array: "must be a list",
};

/** What the schema itself says in words stays; the library's own texts are for programmers. */
function plainWords(issue: z.core.$ZodIssue): string {
  const { message } = issue;
  if (!/^(Invalid|Too) /.test(message)) return message;
  const characters = "origin" in issue && issue.origin === "string" ? " characters" : "";
  switch (issue.code) {
    case "invalid_type":
      if (message.endsWith("received undefined")) return "is missing";
      if (/received (-?Infinity|NaN)$/.test(message)) return "must be a finite number";
      if (issue.path.length === 0) return "the file must hold settings, one a line, such as name: my-study";
      return KINDS[issue.expected] ?? "must hold settings of its own";
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.join(", ")}`;
    case "too_small":
      return `must ${characters ? "have" : "be"} ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${characters}`;
    case "too_big":
      return `must ${characters ? "have" : "be"} at most ${issue.maximum}${characters}`;
    default:
      return message;
  }
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

import { readFile } from "node:fs/promises";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";

/** A YAML file that was read and checked, and on which line each of its top keys stands, from 1. */
export interface YamlText<T> {
  readonly value: T;
  readonly lines: Readonly<Record<string, number>>;
}

/**
 * Reads and checks a YAML file that a person wrote. All faults are reported at once, each with its line and field.
 * @returns undefined when there is no such file. @throws UsageError
 */
export async function readYaml<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S> | undefined> {
  const text = await readIfThere(file);
  return text === undefined ? undefined : parseYaml(text, schema, file);
}

/** @param file how to name the text in an error. @throws UsageError */
export function parseYaml<S extends z.ZodType>(text: string, schema: S, file: string): z.output<S> {
  return parseYamlText(text, schema, file).value;
}

/** The same, with the lines of the top keys. @throws UsageError */
export function parseYamlText<S extends z.ZodType>(text: string, schema: S, file: string): YamlText<z.output<S>> {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const [broken] = document.errors;
  if (broken) {
    const { line } = counter.linePos(broken.pos[0]);
    const what = broken.message.split("\n", 1)[0].replace(/ at line \d+, column \d+:?$/, "");
    throw new UsageError(`${file} is not YAML: line ${line}: ${what}`, { file, line });
  }
  const parsed = schema.safeParse(contentOf(document, file) ?? {});
  const lineOf = (path: readonly PropertyKey[]) => lineAt(document, counter, path);
  if (parsed.success) return { value: parsed.data, lines: topLines(document, lineOf) };
  const faults = parsed.error.issues.flatMap((issue) => faultsOf(issue, lineOf));
  throw new UsageError(
    `${file} has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}: ${faults.join("; ")}`,
    { file, faults },
  );
}

/** An alias to an anchor that is not there, or a bomb of aliases, is only noticed here. */
function contentOf(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError(`${file} is not YAML: ${messageOf(error).split("\n", 1)[0]}`, { file });
  }
}

type LineOf = (path: readonly PropertyKey[]) => number | undefined;

/** Unknown keys are a fault each, on the line where they stand. */
function faultsOf(issue: z.core.$ZodIssue, lineOf: LineOf): string[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => `${at(lineOf([...issue.path, key]))}there is no key ${key}`);
  return [`${at(lineOf(issue.path))}${issue.path.join(".") || "the file"}: ${issue.message}`];
}

function at(line: number | undefined): string {
  return line === undefined ? "" : `line ${line}: `;
}

function topLines({ contents }: Document.Parsed, lineOf: LineOf): Record<string, number> {
  const lines: Record<string, number> = {};
  for (const { key } of isMap(contents) ? contents.items : []) {
    const name = isScalar(key) ? String(key.value) : "";
    const line = lineOf([name]);
    if (line !== undefined) lines[name] = line;
  }
  return lines;
}

/** The line of the deepest part of a path that the text has. */
function lineAt(document: Document.Parsed, counter: LineCounter, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (!pair) break;
      offset = (pair.key as Node).range?.[0];
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return offset === undefined ? undefined : counter.linePos(offset).line;
}

/** The text of a file, or undefined when there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`, { file });
  }
}

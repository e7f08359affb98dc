import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { canonicalJson, sha256Hex } from "@fedbaps/core/common/hash.js";

/** One run of an experiment, by itself in a file of the work folder. */
export interface Cell<S, R> {
  readonly settings: S;
  /** Of the code that made it: see `codeVersion`. */
  readonly code: string;
  readonly seconds: number;
  readonly result: R;
}

/** @param words for a person; what tells cells apart is the settings' hash */
export function cellFile(work: string, words: readonly (string | number)[], settings: object): string {
  const readable = words.join("_").replace(/[^A-Za-z0-9_.-]+/g, "-");
  return join(work, `${readable}_${sha256Hex("fedbaps/bench-cell/1", canonicalJson(settings)).slice(0, 8)}.json`);
}

/** @param code any, if undefined @returns undefined where there is no such cell, or one of other settings or code */
export async function readCell<S extends object, R>(
  file: string,
  settings: S,
  code: string | undefined,
): Promise<Cell<S, R> | undefined> {
  let cell: Cell<S, R>;
  try {
    cell = JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
  const same = canonicalJson(cell.settings) === canonicalJson(settings);
  return same && (code === undefined || cell.code === code) ? cell : undefined;
}

export async function writeCell<S, R>(file: string, cell: Cell<S, R>): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(cell)}\n`);
}

import { replaceFile } from "@fedbaps/core/common/atomic-file.js";
import type { z } from "zod";
import { AgentError } from "./errors.js";
import { newerFormat } from "./format-version.js";
import { writing } from "./home-failure.js";
import { readIfThere } from "./yaml-file.js";

/**
 * Reads a JSON file that this program wrote.
 * @returns undefined when there is none. @throws AgentError HOME_DAMAGED, HOME_NEWER
 */
export async function readJson<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S> | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(text);
    return schema.parse(found);
  } catch {
    throw (
      newerFormat(file, found) ??
      new AgentError("HOME_DAMAGED", `${file} is damaged; restore it from a backup`, { file })
    );
  }
}

/**
 * Writes it whole or not at all, into a folder that is there.
 * @param mode 0o600 for secrets. @throws AgentError as `writing` does
 */
export function writeJson(file: string, value: unknown, mode = 0o644): Promise<void> {
  return writing(file, () => replaceFile(file, `${JSON.stringify(value, null, 2)}\n`, mode));
}

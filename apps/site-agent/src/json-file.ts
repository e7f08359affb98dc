import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import type { z } from "zod";
import { AgentError } from "./errors.js";
import { readIfThere } from "./yaml-file.js";

/**
 * Reads a JSON file that this program wrote.
 * @returns undefined when there is none. @throws AgentError HOME_DAMAGED
 */
export async function readJson<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S> | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new AgentError("HOME_DAMAGED", `${file} is damaged or from another version; restore it from a backup`, {
      file,
    });
  }
}

/** @param mode 0o600 for secrets. */
export function writeJson(file: string, value: unknown, mode = 0o644): Promise<void> {
  return writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`, mode);
}

import { readFile } from "node:fs/promises";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { parse } from "yaml";
import type { z } from "zod";

/**
 * Reads and checks a YAML file that a person wrote. All faults are reported at once, each with its field.
 * @returns undefined when there is no such file. @throws UsageError
 */
export async function readYaml<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S> | undefined> {
  const text = await readIfThere(file);
  return text === undefined ? undefined : parseYaml(text, schema, file);
}

/** @param file how to name the text in an error. @throws UsageError */
export function parseYaml<S extends z.ZodType>(text: string, schema: S, file: string): z.output<S> {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not YAML: ${messageOf(error).split("\n", 1)[0]}`, { file });
  }
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`);
  throw new UsageError(
    `${file} has ${faults.length === 1 ? "a fault" : `${faults.length} faults`}: ${faults.join("; ")}`,
    {
      file,
      faults,
    },
  );
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

import { UsageError } from "@fedbaps/core/common/errors.js";
import { parse as parseYaml } from "yaml";
import { z } from "zod";

const groupSchema = z.record(z.string(), z.unknown());

/**
 * The settings that `changes` (`rounds=8`, `participation.require=4`; values as in YAML) make of a study's.
 * @returns only those that differ, each whole. @throws UsageError
 */
export function applySettings(spec: Record<string, unknown>, changes: readonly string[]): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const change of changes) {
    const match = /^([A-Za-z]+)(?:\.([A-Za-z]+))?=(.*)$/s.exec(change);
    if (match === null) throw new UsageError(`--set ${change}: write it as setting=value, such as rounds=8`);
    const [, setting, part, text] = match;
    const value = valueIn(change, text);
    if (part === undefined) changed[setting] = value;
    else changed[setting] = { ...groupOf(changed[setting] ?? spec[setting]), [part]: value };
  }
  return changed;
}

function valueIn(change: string, text: string): unknown {
  try {
    const value: unknown = parseYaml(text, { maxAliasCount: 0 });
    // No setting is a map: it is text with a colon in it.
    return groupSchema.safeParse(value).success ? text : value;
  } catch {
    throw new UsageError(`--set ${change}: the value cannot be read; quote it as in a study file`);
  }
}

function groupOf(value: unknown): Record<string, unknown> {
  return groupSchema.safeParse(value).data ?? {};
}

import { type ParseArgsConfig, parseArgs } from "node:util";
import { messageOf } from "@fedbaps/core/common/errors.js";

/** The command line cannot be used as it is. */
export class UsageError extends Error {}

type Flags = NonNullable<ParseArgsConfig["options"]>;

/** The flags that were given, by name. @throws UsageError */
export function readFlags(argv: readonly string[], flags: Flags): Readonly<Record<string, string | boolean>> {
  try {
    const { values } = parseArgs({ args: [...argv], options: flags, allowPositionals: false });
    return values as Record<string, string | boolean>;
  } catch (error) {
    // The rest of the message is about arguments that begin with a dash.
    throw new UsageError(`${messageOf(error).split(". ")[0]}; see --help`);
  }
}

/** What stands between commas. @throws UsageError for none */
export function listOf(name: string, given: string | boolean | undefined, usual: readonly string[]): string[] {
  if (given === undefined) return [...usual];
  const items = String(given)
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item.length > 0);
  if (items.length === 0) throw new UsageError(`--${name} names nothing`);
  return [...new Set(items)];
}

/** @throws UsageError for what is no whole number from `least` */
export function wholeNumber(name: string, given: string | boolean | undefined, usual: number, least = 1): number {
  const value = given === undefined ? usual : Number(given);
  if (Number.isInteger(value) && value >= least) return value;
  throw new UsageError(`--${name} is a whole number from ${least}, not ${given}`);
}

/** @throws UsageError for a word that is none of `known` */
export function eachOneOf<T extends string>(name: string, items: readonly string[], known: readonly T[]): T[] {
  const unknown = items.find((item) => !(known as readonly string[]).includes(item));
  if (unknown !== undefined) throw new UsageError(`--${name} ${unknown}: use ${known.join(", ")}`);
  return items as T[];
}

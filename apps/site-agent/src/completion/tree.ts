import type { Argument, Command, Option } from "commander";

/** What can stand in one place: a few words, a path, or something that nobody can guess. */
export type Values = readonly string[] | "files" | "folders" | "anything";

export interface CompletedOption {
  /** `--out`, `-h`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Of its value; absent for a switch. */
  readonly values?: Values;
}

/** One verb, or the program itself. */
export interface CompletedVerb {
  /** `study approve`; empty for the program. */
  readonly path: string;
  readonly verbs: readonly { readonly name: string; readonly description: string }[];
  /** Its own and those of all verbs above it. */
  readonly options: readonly CompletedOption[];
  /** What its arguments are. */
  readonly argument: Values;
}

const FILES = /file|image|picture|path|csv|pem/i;
const FOLDERS = /dir|folder/i;
/** Black boxes by kind; what follows the colon is a file or an address. */
const SPECS = ["bundled", "onnx:", "sam-onnx:", "oip:"];

/** The command line as Commander knows it, in the order of its help. */
export function completionTree(program: Command): CompletedVerb[] {
  const visit = (
    command: Command,
    above: readonly string[],
    inherited: readonly CompletedOption[],
  ): CompletedVerb[] => {
    const options = [...command.options.filter(({ hidden }) => !hidden).map(completedOption), ...inherited];
    const verb: CompletedVerb = {
      path: above.join(" "),
      verbs: command.commands.map((sub) => ({ name: sub.name(), description: sub.description() })),
      options: [...options, { flags: ["--help"], description: "what this verb does, with examples" }],
      argument: command.registeredArguments[0] ? valuesOf(command.registeredArguments[0]) : "anything",
    };
    return [verb, ...command.commands.flatMap((sub) => visit(sub, [...above, sub.name()], options))];
  };
  return visit(program, [], []);
}

/** A program's options that take a value, each once: a shell has to know them to tell values from verbs. */
export function flagsWithValue(tree: readonly CompletedVerb[]): string[] {
  const taking = tree.flatMap(({ options }) => options.filter(({ values }) => values !== undefined));
  return [...new Set(taking.flatMap(({ flags }) => flags))];
}

function completedOption(option: Option): CompletedOption {
  const flags = [option.short, option.long].filter((flag): flag is string => Boolean(flag));
  const { description } = option;
  const takesValue = option.required || option.optional;
  return takesValue ? { flags, description, values: valuesOf(option) } : { flags, description };
}

function valuesOf(place: Option | Argument): Values {
  const words = place.argChoices ?? (place.parseArg as { words?: readonly string[] } | undefined)?.words;
  if (words) return words;
  const name = "flags" in place ? (/[<[](.*)[>\]]/.exec(place.flags)?.[1] ?? "") : place.name();
  if (name === "spec") return SPECS;
  if (FOLDERS.test(name) && !FILES.test(name)) return "folders";
  return FILES.test(name) || FOLDERS.test(name) ? "files" : "anything";
}

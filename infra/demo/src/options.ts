import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { absoluteSpec, SPEC_HELP } from "@fedbaps/core/blackbox/spec.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { DECODER_KINDS, type DecoderKind } from "@fedbaps/core/decoder/parameters.js";

export interface DemoOptions {
  /** A folder of sites; phantoms are drawn when it is absent. */
  readonly data?: string;
  readonly sites?: number;
  readonly rounds: number;
  readonly require?: number;
  readonly decoder: DecoderKind;
  readonly blackbox: string;
  readonly budget: number;
  readonly seed: number;
  readonly out: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly json: boolean;
  /** Coordinator and dashboard stay open after the end, until Ctrl-C. */
  readonly keep: boolean;
  readonly help: boolean;
}

export const HELP = `npm run demo -- [FLAGS]

One coordinator and several site agents, each a process of its own on this machine, adapt a black-box segmentation
model together, under encryption, and show Dice before and after.

  --data DIR          one subfolder per site, each with images/ and masks/ (without: phantoms are drawn)
  --sites N           sites that take part (default 3, or all subfolders of --data)
  --rounds N          rounds of the study (default 4)
  --require K         sites that a round needs (default: all of 3, all but one of 4 or more)
  --decoder KIND      ${DECODER_KINDS.join(" or ")} (default texture)
  --blackbox SPEC     ${SPEC_HELP} (default bundled)
  --budget QUERIES    black-box queries per site at most, for everything (default 1200)
  --seed N            seed of every random draw (default 1)
  --out DIR           folder for report.json, decoders and pictures (default demo-out)
  --port P            the coordinator's port on this machine (default: a free one)
  --keep              leave the coordinator and its dashboard open after the end, until Ctrl-C
  --json              print report.json, and nothing else, on standard output
`;

const flags = {
  data: { type: "string" },
  sites: { type: "string" },
  rounds: { type: "string", default: "4" },
  require: { type: "string" },
  decoder: { type: "string", default: "texture" },
  blackbox: { type: "string", default: "bundled" },
  budget: { type: "string", default: "1200" },
  seed: { type: "string", default: "1" },
  out: { type: "string", default: "demo-out" },
  port: { type: "string", default: "0" },
  json: { type: "boolean", default: false },
  keep: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** @throws UsageError naming the flag. */
export function parseOptions(argv: readonly string[]): DemoOptions {
  const values = parse(argv);
  const decoder = DECODER_KINDS.find((kind) => kind === values.decoder);
  if (!decoder) throw new UsageError(`--decoder ${values.decoder}: use ${DECODER_KINDS.join(" or ")}`);
  return {
    ...(values.data === undefined ? {} : { data: resolve(values.data) }),
    ...(values.sites === undefined ? {} : { sites: whole("sites", values.sites, 3, 50) }),
    ...(values.require === undefined ? {} : { require: whole("require", values.require, 3, 50) }),
    rounds: whole("rounds", values.rounds, 1, 1000),
    decoder,
    blackbox: absoluteSpec(values.blackbox),
    budget: whole("budget", values.budget, 50, 100_000_000),
    seed: whole("seed", values.seed, 0, Number.MAX_SAFE_INTEGER),
    out: resolve(values.out),
    port: whole("port", values.port, 0, 65535),
    json: values.json,
    keep: values.keep,
    help: values.help,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, strict: true }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new UsageError(`--${flag} ${text}: give a whole number from ${least} to ${most}`);
  return value;
}

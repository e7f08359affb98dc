import { join } from "node:path";
import type { MeterState } from "@fedbaps/core/blackbox/metered.js";
import { withoutFolders } from "@fedbaps/core/decoder/decoder-file.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { readJson, writeJson } from "../json-file.js";
import { meterSchema, scoresSchema } from "../study-records.js";
import { VERSION } from "../version.js";

const FORMAT = "fedbaps-results/1";
const FILE = "results.json";
const count = z.number().int().min(0);

const resultsSchema = z.strictObject({
  format: z.literal(FORMAT),
  program: z.string(),
  protocol: count,
  /** When it was written, ISO 8601. */
  at: z.string(),
  /** Absent for a local run. */
  site: z.string().optional(),
  /** The study's name, or `local`. */
  study: z.string(),
  title: z.string().optional(),
  settings: z.strictObject({
    decoder: z.string(),
    decoderParameters: count,
    preset: z.string(),
    /** Federated rounds, or parts of a local run. */
    rounds: count,
    personalShare: z.number().optional(),
    budget: count,
    clicks: count,
    seed: count,
  }),
  blackbox: z.strictObject({ name: z.string(), identity: z.string() }),
  images: z.strictObject({ train: count, val: count, test: count }),
  deployed: z.boolean(),
  /** In use; 0 is zero-shot. */
  version: count,
  validation: z.strictObject({ zeroShot: scoresSchema, best: scoresSchema }),
  curve: z.array(z.strictObject({ version: count, queries: count, valDice: z.number() })),
  /** `adapted` is null where the site stays zero-shot; `reference` is absent where it was not measured. */
  test: z.strictObject({
    zeroShot: scoresSchema,
    adapted: scoresSchema.nullable(),
    reference: scoresSchema.optional(),
  }),
  meter: meterSchema,
});

/** The test split, image by image: the same images in the same order throughout. */
export interface TestScores {
  readonly zeroShot: readonly ImageScore[];
  /** Null where the site stays zero-shot. */
  readonly adapted: readonly ImageScore[] | null;
  /** Of a small network that was trained on this site's labels alone; absent where it was not measured. */
  readonly reference?: readonly ImageScore[] | undefined;
}

/** Everything that was measured at the end of a study or a local run, image by image. Holds numbers, no names of files. */
export interface Results {
  readonly at: string;
  readonly site?: string | undefined;
  readonly study: string;
  readonly title?: string | undefined;
  readonly settings: {
    readonly decoder: string;
    readonly decoderParameters: number;
    readonly preset: string;
    readonly rounds: number;
    readonly personalShare?: number | undefined;
    readonly budget: number;
    readonly clicks: number;
    readonly seed: number;
  };
  readonly blackbox: { readonly name: string; readonly identity: string };
  readonly images: { readonly train: number; readonly val: number; readonly test: number };
  readonly deployed: boolean;
  readonly version: number;
  readonly validation: { readonly zeroShot: readonly ImageScore[]; readonly best: readonly ImageScore[] };
  readonly curve: readonly { readonly version: number; readonly queries: number; readonly valDice: number }[];
  readonly test: TestScores;
  readonly meter: MeterState;
}

/** As it was written, and by which version of this program. */
export interface WrittenResults extends Results {
  readonly program: string;
  readonly protocol: number;
}

/** Writes `results.json`, whole or not at all. */
export function writeResults(folder: string, results: Results): Promise<void> {
  const { name, identity } = results.blackbox;
  // Without the folders of this machine: the file may be handed on.
  const blackbox = { name: withoutFolders(name), identity };
  const written = { format: FORMAT, program: VERSION, protocol: PROTOCOL_VERSION, ...results, blackbox };
  return writeJson(join(folder, FILE), written, 0o600);
}

/** @returns undefined where there is none. @throws AgentError HOME_DAMAGED, HOME_NEWER */
export function readResults(folder: string): Promise<WrittenResults | undefined> {
  return readJson(join(folder, FILE), resultsSchema);
}

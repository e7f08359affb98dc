import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { MeterState } from "@fedbaps/core/blackbox/metered.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import type { AdaptationState } from "@fedbaps/core/training/local-adaptation.js";
import { z } from "zod";
import { AgentError } from "../errors.js";
import { meterSchema, scoresSchema } from "../study-records.js";
import { readVectors, writeVectors } from "../vector-file.js";
import { differences, type RunSettings, settingsSchema } from "./settings.js";

const count = z.number().int().min(0);

const metaSchema = z.object({
  settings: settingsSchema,
  step: count,
  validated: z.array(z.object({ version: count, queries: count, scores: scoresSchema })),
  measuring: scoresSchema,
  zeroShot: scoresSchema.optional(),
  meter: meterSchema,
  /** Queries of a step that was cut off: it is asked again, and they bought nothing. */
  lost: count,
});

/** Where a local run stands, with what it has spent. */
export interface Unfinished {
  readonly settings: RunSettings;
  readonly state: AdaptationState;
  readonly meter: MeterState;
  readonly lost: number;
}

/** The file in `--out` by which a local run that was stopped goes on. It is removed when the run has ended. */
export class AdaptCheckpoint {
  readonly file: string;

  constructor(private readonly out: string) {
    this.file = join(out, "unfinished.bin");
  }

  /** @returns undefined when there is no unfinished run. @throws AgentError HOME_DAMAGED, HOME_NEWER */
  async load(): Promise<Unfinished | undefined> {
    const found = await readVectors(this.file, metaSchema);
    if (!found) {
      if (await isThere(this.file)) throw damaged(this.file);
      return undefined;
    }
    const { settings, step, meter, lost, validated, measuring, zeroShot } = found.meta;
    const [theta, best, ...moments] = found.vectors;
    const state = {
      validated,
      measuring,
      best,
      optimizer: { step, theta, moments },
      ...(zeroShot ? { zeroShot } : {}),
    };
    return { settings, meter, lost, state };
  }

  /** @throws UsageError naming every setting in which the two differ */
  requireSame({ settings: before }: Unfinished, now: RunSettings): void {
    const changed = differences(before, now);
    if (changed.length === 0) return;
    throw new UsageError(
      `--out ${this.out} holds an unfinished run with other settings: ${changed.join("; ")}; ` +
        "give the same to go on with it, --restart to begin anew, or another --out",
    );
  }

  /** On the disk before it returns. @throws AgentError as `writing` does */
  async save({ settings, state: { optimizer, best, ...reached }, meter, lost }: Unfinished): Promise<void> {
    const { step, theta, moments } = optimizer;
    await writeVectors(this.file, { settings, step, ...reached, meter, lost }, [theta, best, ...moments]);
  }

  async remove(): Promise<void> {
    await rm(this.file, { force: true });
  }
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function damaged(file: string): AgentError {
  return new AgentError("HOME_DAMAGED", `${file} is damaged; begin anew with --restart, or restore it from a backup`);
}

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { freshMeter, type MeterState } from "@fedbaps/core/blackbox/metered.js";
import { z } from "zod";
import { readJson } from "./json-file.js";
import { laterMeter, meterSchema, scoresSchema } from "./study-records.js";
import { readVectors } from "./vector-file.js";

const count = z.number().int().min(0);
/** What stands before the vectors of a checkpoint. */
export const stepMeta = z.object({
  round: count,
  step: count,
  lossSum: z.number(),
  lossCount: count,
  meter: meterSchema,
});
export const partialSchema = z.strictObject({ scores: scoresSchema, meter: meterSchema });
const PARTIAL = /^partial-[a-z]+-\d+\.json$/;
export const trainedMeta = stepMeta.extend({ images: z.number().int().min(1) });

/** What was spent by the checkpoints in a study's folder. */
export async function checkpointMeter(folder: string): Promise<MeterState> {
  let meter = freshMeter;
  for (const file of ["trained.bin", "tuned.bin", "step.bin"]) {
    const found = await readVectors(join(folder, file), stepMeta);
    if (found) meter = laterMeter(meter, found.meta.meter);
  }
  for (const file of (await readdir(folder)).filter((name) => PARTIAL.test(name))) {
    const found = await readJson(join(folder, file), partialSchema);
    if (found) meter = laterMeter(meter, found.meter);
  }
  return meter;
}

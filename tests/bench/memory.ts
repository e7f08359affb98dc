import { existsSync } from "node:fs";
import { relative } from "node:path";
import { DECODER_KINDS, type DecoderKind } from "@fedbaps/core/decoder/parameters.js";
import { readPhantoms } from "./phantoms.js";
import { GENERAL_MODEL_FILE } from "./places.js";
import { median, rounded } from "./statistics.js";
import type { Row } from "./table.js";
import { openTrainingRun, type TrainingRun } from "./training-run.js";

const QUERIES = 10_000;
/** By then everything that is kept is there: pictures, features, the runtime's memory. */
const SETTLED = 2000;
/** Readings at the end of each stretch: one may fall before or after a garbage collection. */
const READINGS = 25;
const IMAGES = 20;
const SEED = 1;
const THREADS = [1, 2];
/** What the resident set may gain from `SETTLED` to `QUERIES`. */
const TARGET_PERCENT = 5;

/** Whether memory stays flat over 10,000 queries of training with the default decoder. */
export async function benchMemory(): Promise<Row[]> {
  const blackbox = existsSync(GENERAL_MODEL_FILE) ? `onnx:${relative(process.cwd(), GENERAL_MODEL_FILE)}` : "bundled";
  const rows: Row[] = [];
  for (const threads of THREADS) rows.push(await measureMemory({ blackbox, decoder: DECODER_KINDS[0], threads }));
  return rows;
}

/** One after the other: what is measured is the process. */
async function measureMemory(setting: { blackbox: string; decoder: DecoderKind; threads: number }): Promise<Row> {
  const sources = await readPhantoms({ images: IMAGES, seed: SEED });
  let run: TrainingRun;
  try {
    run = await openTrainingRun({ ...setting, train: sources.train, seed: SEED, steps: QUERIES });
  } finally {
    await sources.remove();
  }
  const start = resident();
  const readings: number[] = [];
  const at = (queries: number) => {
    const steps = Math.ceil(queries / run.queriesPerStep);
    return rounded(median(readings.slice(Math.max(0, steps - READINGS), steps)));
  };
  try {
    for (let queries = 0; queries < QUERIES; queries += run.queriesPerStep) {
      await run.step();
      readings.push(resident());
    }
  } finally {
    await run.close();
  }
  return {
    measured: `memory of the process (resident set) over ${QUERIES} queries of training steps`,
    ...setting,
    queries: readings.length * run.queriesPerStep,
    residentMBytesAtStart: rounded(start),
    [`residentMBytesAfter${SETTLED}`]: at(SETTLED),
    [`residentMBytesAfter${QUERIES}`]: at(QUERIES),
    gainPercent: rounded((100 * (at(QUERIES) - at(SETTLED))) / at(SETTLED)),
    targetPercent: TARGET_PERCENT,
  };
}

/** In megabytes. */
function resident(): number {
  return process.memoryUsage.rss() / 1e6;
}

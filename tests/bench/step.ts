import { existsSync } from "node:fs";
import { relative } from "node:path";
import { BUNDLED_MODEL_FILE } from "@fedbaps/core/blackbox/open.js";
import { DECODER_KINDS } from "@fedbaps/core/decoder/parameters.js";
import { preset, queriesPerStep } from "@fedbaps/core/training/presets.js";
import { type BareNetwork, openBareNetwork } from "./bare-network.js";
import { readPhantoms } from "./phantoms.js";
import { GENERAL_MODEL_FILE } from "./places.js";
import { median, rounded, spread } from "./statistics.js";
import type { Row } from "./table.js";
import { interleaved, type Rounds } from "./timing.js";
import { openTrainingRun, type TrainingRun } from "./training-run.js";

const MEASURED = "one training step, default preset";
const ROUNDS: Rounds = { warmUp: 3, counted: 31 };
const SEED = 1;
const IMAGES = 20;
/** Share of a step's wall time that should be the black box's, for the bundled model with the default decoder. */
const TARGET_PERCENT = 90;

const settings = preset("adam", ROUNDS.warmUp + ROUNDS.counted);
const queries = queriesPerStep(settings);

/**
 * How much of a training step is waiting for the black box: the rest is the price of adapting. `networkMs` is the same
 * number of images straight through the ONNX runtime, without the packing and unpacking that a query also is.
 */
export async function benchStep(): Promise<Row[]> {
  const boxes = [
    { blackbox: "bundled", file: BUNDLED_MODEL_FILE },
    { blackbox: `onnx:${relative(process.cwd(), GENERAL_MODEL_FILE)}`, file: GENERAL_MODEL_FILE },
  ];
  const present = boxes.filter(({ file }) => existsSync(file));
  const missing = boxes.filter((box) => !present.includes(box));
  const sources = await readPhantoms({ images: IMAGES, seed: SEED });
  const networks: BareNetwork[] = [];
  const runs: TrainingRun[] = [];
  try {
    for (const { blackbox, file } of present) {
      networks.push(await openBareNetwork(file, queries));
      for (const decoder of DECODER_KINDS)
        runs.push(await openTrainingRun({ blackbox, decoder, settings, train: sources.train, seed: SEED }));
    }
  } finally {
    // The pictures are in memory by now.
    await sources.remove();
  }
  const tasks = [...runs, ...networks].map((task) => () => task.step());
  const samples = await interleaved(tasks, ROUNDS);
  for (const opened of [...runs, ...networks]) await opened.close();
  const networkOf = (run: TrainingRun) =>
    samples[runs.length + present.findIndex(({ blackbox }) => blackbox === run.blackbox)];
  return [
    ...runs.map((run, r) => stepRow(run, samples[r], networkOf(run))),
    ...missing.map(({ blackbox }) => ({
      measured: MEASURED,
      blackbox,
      missing: "not measured: there is no such file",
    })),
  ];
}

function stepRow(run: TrainingRun, step: readonly number[], network: readonly number[]): Row {
  const inside = run.insideMs.slice(-step.length);
  const share = median(step.map((milliseconds, i) => (100 * inside[i]) / milliseconds));
  const aimed = run.blackbox === "bundled" && run.decoder === "filter-bank";
  return {
    measured: MEASURED,
    blackbox: run.blackbox,
    decoder: run.decoder,
    queries,
    samples: step.length,
    ...spread("stepMs", step),
    ...spread("blackBoxMs", inside),
    networkMsMedian: rounded(median(network)),
    blackBoxSharePercent: rounded(share),
    ...(aimed ? { targetPercent: TARGET_PERCENT } : {}),
  };
}

import { existsSync } from "node:fs";
import { relative } from "node:path";
import { BUNDLED_MODEL_FILE } from "@fedbaps/core/blackbox/open.js";
import { DECODER_KINDS } from "@fedbaps/core/decoder/parameters.js";
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
/** Images of the bare network's measurement. */
const NETWORK_IMAGES = 8;
const THREADS = [1, 2];
/** Share of a step's wall time that should be the black box's: on two cores, with the default decoder. */
const TARGET = { threads: 2, decoder: DECODER_KINDS[0], percent: 95 } as const;

/**
 * How much of a training step is waiting for the black box: the rest is the price of adapting. `networkMsPerImage` is an
 * image straight through the ONNX runtime, without the packing and unpacking that a query also is, on one thread.
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
      networks.push(await openBareNetwork(file, NETWORK_IMAGES));
      for (const decoder of DECODER_KINDS)
        for (const threads of THREADS)
          runs.push(
            await openTrainingRun({
              ...{ blackbox, decoder, threads, train: sources.train, seed: SEED },
              steps: ROUNDS.warmUp + ROUNDS.counted,
            }),
          );
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
  const aimed = run.threads === TARGET.threads && run.decoder === TARGET.decoder;
  return {
    measured: MEASURED,
    blackbox: run.blackbox,
    decoder: run.decoder,
    threads: run.threads,
    queries: run.queriesPerStep,
    samples: step.length,
    ...spread("stepMs", step),
    ...spread("blackBoxMs", inside),
    networkMsPerImage: rounded(median(network) / NETWORK_IMAGES),
    blackBoxSharePercent: rounded(share),
    ...(aimed ? { targetPercent: TARGET.percent } : {}),
  };
}

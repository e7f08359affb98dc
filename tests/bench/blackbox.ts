import { existsSync } from "node:fs";
import type { Prompt, SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import { BUNDLED_MODEL_FILE, openBlackBox } from "@fedbaps/core/blackbox/open.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { openBareNetwork } from "./bare-network.js";
import { samRows } from "./blackbox-sam.js";
import { startInferenceProcess } from "./inference-process.js";
import { GENERAL_MODEL_FILE } from "./places.js";
import { median, rounded, spread } from "./statistics.js";
import type { Row } from "./table.js";
import { interleaved, type Rounds } from "./timing.js";

const BATCH = 8;
const ROUNDS: Rounds = { warmUp: 5, counted: 41 };
const SIDE = 128;
/** Time that a provider in this process may add to the bare session. */
const LOCAL_TARGET_PERCENT = 5;
/** Time per image that a server on this machine may add. */
const SERVER_TARGET_MS = 3;
const QUERIES = 2000;
const SETTLED = 400;

interface Candidate {
  readonly provider: string;
  readonly model: SegmentationModel;
  readonly target: Row;
}

/** What each provider adds to the network, batch 8 at the network's own size, and memory over many queries. */
export async function benchBlackbox(): Promise<Row[]> {
  const file = existsSync(GENERAL_MODEL_FILE) ? GENERAL_MODEL_FILE : BUNDLED_MODEL_FILE;
  const network = file === GENERAL_MODEL_FILE ? "general-seg-128" : "bundled";
  const server = await startInferenceProcess(file);
  const open = (spec: string) => openBlackBox(spec);
  const remote = `oip:${server.url}`;
  const targets = { local: { targetPercent: LOCAL_TARGET_PERCENT }, server: { targetMsPerImage: SERVER_TARGET_MS } };
  const candidates: Candidate[] = [
    { provider: "onnx", model: await open(`onnx:${file}`), target: targets.local },
    { provider: "oip, binary", model: await open(`${remote}#encoding=binary`), target: targets.server },
    { provider: "oip, json", model: await open(`${remote}#encoding=json`), target: {} },
  ];
  const bare = await openBareNetwork(file, BATCH);
  try {
    const tasks = [
      () => bare.step(),
      ...candidates.map(
        ({ model }) =>
          () =>
            ask(model, 0),
      ),
    ];
    const [network8, ...samples] = await interleaved(tasks, ROUNDS);
    const rows = candidates.map(({ provider, target }, i) =>
      overheadRow(provider, network, samples[i], network8, target),
    );
    const memory: Row[] = [];
    for (const { provider, model } of candidates.slice(0, 2)) memory.push(await memoryRow(provider, network, model));
    return [...rows, ...(await samRows()), ...memory];
  } finally {
    await bare.close();
    for (const { model } of candidates) await model.close();
    await server.stop();
  }
}

function overheadRow(
  provider: string,
  network: string,
  samples: readonly number[],
  bare: readonly number[],
  target: Row,
): Row {
  const extra = samples.map((milliseconds, i) => milliseconds - bare[i]);
  return {
    measured: `eight images of ${SIDE} x ${SIDE} in one call, against the bare session`,
    provider,
    network,
    samples: samples.length,
    ...spread("callMs", samples),
    bareMsMedian: rounded(median(bare)),
    overheadMsPerImage: rounded(median(extra) / BATCH),
    overheadPercent: rounded((100 * median(extra)) / median(bare)),
    ...target,
  };
}

async function memoryRow(provider: string, network: string, model: SegmentationModel): Promise<Row> {
  const megabytes = () => Math.round(process.memoryUsage().rss / 1e6);
  let settled = 0;
  for (let queries = 0; queries < QUERIES; queries += BATCH) {
    if (queries === SETTLED) settled = megabytes();
    await ask(model, queries);
  }
  return {
    measured: `memory of the process (resident set) over ${QUERIES} queries`,
    provider,
    network,
    [`residentMBytesAfter${SETTLED}`]: settled,
    [`residentMBytesAfter${QUERIES}`]: megabytes(),
  };
}

const prompts: readonly Prompt[] = new Array<Prompt>(BATCH).fill({ points: [{ x: 60, y: 64, label: 1 }] });

async function ask(model: SegmentationModel, variant: number): Promise<void> {
  const images = Array.from({ length: BATCH }, (_, b): Image => {
    const data = new Float32Array(SIDE * SIDE * 3).fill((variant + b) % 256);
    return { data, width: SIDE, height: SIDE, channels: 3 };
  });
  await model.segment(images, prompts);
}

import { drawClick } from "@fedbaps/core/data/clicks.js";
import { drawPhantom, lookOf } from "@fedbaps/core/data/phantoms.js";
import { DECODER_SIZE, type DrawRequest, type IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import { DECODER_KINDS } from "@fedbaps/core/decoder/parameters.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { shifted } from "@fedbaps/core/math/vector.js";
import { perturbation } from "@fedbaps/core/optimizer/perturbation.js";
import { spread } from "./statistics.js";
import type { Row } from "./table.js";
import { interleaved, type Rounds } from "./timing.js";

const MEASURED = "decoder per image, 128 x 128, TensorFlow.js wasm (texture: ONNX Runtime, one thread)";
const ROUNDS: Rounds = { warmUp: 10, counted: 60 };
const SEED = 1;
const BATCH = 8;
/** Perturbation size of the default preset. */
const STEP = 0.4;

interface Task {
  readonly row: Row;
  readonly images: number;
  readonly run: () => unknown;
}

/** What a decoder costs per image: its frozen features, once, and a visual prompt, in the ways that queries ask for it. */
export async function benchDecoder(): Promise<Row[]> {
  const tasks: Task[] = [];
  for (const kind of DECODER_KINDS) tasks.push(...decoderTasks(await openDecoder(kind, "wasm")));
  const samples = await interleaved(
    tasks.map(({ run }) => run),
    ROUNDS,
  );
  return tasks.map(({ row, images }, t) => ({
    ...row,
    images,
    samples: samples[t].length,
    ...spread(
      "msPerImage",
      samples[t].map((milliseconds) => milliseconds / images),
    ),
  }));
}

function decoderTasks(decoder: IpDecoder): Task[] {
  const size = { width: DECODER_SIZE, height: DECODER_SIZE };
  const subjects = Array.from({ length: BATCH }, (_, index) => {
    const { image, mask } = drawPhantom({ look: lookOf(index), seed: SEED, index, size });
    const point = drawClick(mask, new RandomStream(SEED, "bench-click", index));
    return { picture: image, image: decoder.prepare(image), point };
  });
  const start = decoder.initial(SEED);
  const teacher: Partial<DrawRequest> = {};
  if (decoder.kind === "texture") {
    // As trained: at the start it paints nothing, and is done sooner. Candidates are painted with a teacher's belief.
    decoder.layout.view(start, "amount").fill(1);
    Object.assign(teacher, { belief: new Float32Array(DECODER_SIZE * DECODER_SIZE).fill(0.5) });
  }
  const moved = (index: number, sign: 1 | -1) =>
    shifted(start, sign * STEP, perturbation("rademacher", start.length, SEED, "bench", index));
  const theta = moved(0, 1);
  const batch: DrawRequest[] = subjects.map(({ image, point }) => ({ image, point, theta }));
  const pairs: DrawRequest[] = subjects
    .slice(0, BATCH / 2)
    .flatMap(({ image, point }, index) =>
      ([1, -1] as const).map((sign) => ({ image, point, theta: moved(index, sign), ...teacher })),
    );
  const row = (work: string): Row => ({ measured: MEASURED, decoder: decoder.kind, parameters: start.length, work });
  return [
    { row: row("prepare: frozen features"), images: 1, run: () => decoder.prepare(subjects[0].picture).dispose() },
    { row: row("draw: one image"), images: 1, run: () => decoder.draw(batch.slice(0, 1)) },
    { row: row("draw: one theta, 8 images and clicks"), images: BATCH, run: () => decoder.draw(batch) },
    { row: row("draw: 4 pairs theta+-, a click each"), images: BATCH, run: () => decoder.draw(pairs) },
  ];
}

// SPDX-License-Identifier: Apache-2.0
// Zero-shot Dice of a promptable ONNX model on folders that hold images/ and
// masks/ of the same stem:
//
//   node infra/bundled-model/evaluate.mjs [--model FILE.onnx] [--clicks-per-image 4] [--seed 1] [--look LOOK] FOLDER...
//
// Images and masks are stretched to 128 x 128; clicks are drawn uniformly inside
// the mask; Dice is taken at logit 0. Without a folder only the speed is measured.
// --look dark|flat|cast gives the images a strange look first, as a site with
// unusual equipment might have: a quarter of the light, a fifth of the contrast,
// a green-blue cast.

import { readdir } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import ort from "onnxruntime-node";
import sharp from "sharp";

const SIZE = 128;
const PIXELS = SIZE * SIZE;
const BATCH = 8;
const DEFAULT_MODEL = new URL("../../packages/core/models/bundled-seg-128.onnx", import.meta.url).pathname;

const LOOKS = {
  plain: (value) => value,
  dark: (value) => value * 0.25,
  flat: (value) => 100 + (value - 128) * 0.2,
  cast: (value, channel) => value * [0.35, 0.9, 1][channel],
};

/** mulberry32: a small seeded generator of numbers in [0, 1). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function readImage(file, look) {
  const bytes = await sharp(file)
    .resize(SIZE, SIZE, { fit: "fill" })
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer();
  const planes = new Float32Array(3 * PIXELS);
  for (let i = 0; i < PIXELS; i++)
    for (let c = 0; c < 3; c++) planes[c * PIXELS + i] = Math.round(look(bytes[3 * i + c], c));
  return planes;
}

async function readMask(file) {
  const bytes = await sharp(file)
    .resize(SIZE, SIZE, { fit: "fill", kernel: "nearest" })
    .removeAlpha()
    .toColourspace("b-w")
    .raw()
    .toBuffer();
  return Uint8Array.from({ length: PIXELS }, (_, i) => Number(bytes[i] > 127));
}

async function readPairs(folder, look) {
  const stem = (name) => path.parse(name).name;
  const masks = new Map((await readdir(path.join(folder, "masks"))).map((name) => [stem(name), name]));
  const pairs = [];
  for (const name of (await readdir(path.join(folder, "images"))).sort()) {
    if (!masks.has(stem(name))) continue;
    const mask = await readMask(path.join(folder, "masks", masks.get(stem(name))));
    if (mask.includes(1)) pairs.push({ image: await readImage(path.join(folder, "images", name), look), mask });
  }
  if (!pairs.length) throw new Error(`${folder}: no image in images/ has a mask of the same stem in masks/`);
  return pairs;
}

/** `count` clicks inside the mask as [x, y, label], drawn uniformly. */
function clicks(mask, count, random) {
  const places = [...mask.keys()].filter((i) => mask[i]);
  return Array.from({ length: count }, () => {
    const place = places[Math.floor(random() * places.length)];
    return [place % SIZE, Math.floor(place / SIZE), 1];
  });
}

/** The two corners of the mask's box as [x, y, label]. */
function box(mask) {
  const places = [...mask.keys()].filter((i) => mask[i]);
  const xs = places.map((i) => i % SIZE);
  const ys = places.map((i) => Math.floor(i / SIZE));
  return [
    [Math.min(...xs), Math.min(...ys), 2],
    [Math.max(...xs), Math.max(...ys), 3],
  ];
}

async function segment(session, samples) {
  const batch = samples.length;
  const points = samples[0].prompt.length;
  const image = new Float32Array(batch * 3 * PIXELS);
  for (const [b, sample] of samples.entries()) image.set(sample.image, b * 3 * PIXELS);
  const { masks } = await session.run({
    image: new ort.Tensor("float32", image, [batch, 3, SIZE, SIZE]),
    point_coords: new ort.Tensor(
      "float32",
      Float32Array.from(samples.flatMap((s) => s.prompt.flatMap((point) => point.slice(0, 2)))),
      [batch, points, 2],
    ),
    point_labels: new ort.Tensor(
      "float32",
      Float32Array.from(samples.flatMap((s) => s.prompt.map(([, , label]) => label))),
      [batch, points],
    ),
  });
  return masks.data;
}

function dice(logits, offset, mask) {
  let found = 0,
    real = 0,
    both = 0;
  for (let i = 0; i < PIXELS; i++) {
    const here = logits[offset + i] > 0 ? 1 : 0;
    found += here;
    real += mask[i];
    both += here & mask[i];
  }
  return (2 * both) / (found + real);
}

async function meanDice(session, pairs, repeats, makePrompt) {
  let sum = 0;
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (let first = 0; first < pairs.length; first += BATCH) {
      const samples = pairs.slice(first, first + BATCH).map((pair) => ({ ...pair, prompt: makePrompt(pair.mask) }));
      const logits = await segment(session, samples);
      samples.forEach((sample, b) => {
        sum += dice(logits, b * PIXELS, sample.mask);
      });
    }
  }
  return Number((sum / (repeats * pairs.length)).toFixed(3));
}

async function msPerImage(session, batch, runs) {
  const sample = { image: new Float32Array(3 * PIXELS).fill(128), prompt: [[64, 64, 1]] };
  const samples = Array(batch).fill(sample);
  for (let i = 0; i < 3; i++) await segment(session, samples);
  const start = performance.now();
  for (let i = 0; i < runs; i++) await segment(session, samples);
  return Number(((performance.now() - start) / runs / batch).toFixed(1));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string", default: DEFAULT_MODEL },
    "clicks-per-image": { type: "string", default: "4" },
    seed: { type: "string", default: "1" },
    look: { type: "string", default: "plain" },
  },
});
const repeats = Number(values["clicks-per-image"]);
const look = LOOKS[values.look];
if (!look) {
  console.error(`evaluate.mjs: --look ${values.look} is not known; use ${Object.keys(LOOKS).join(", ")}`);
  process.exit(2);
}
const session = await ort.InferenceSession.create(values.model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
console.log(
  JSON.stringify({
    model: path.basename(values.model),
    threads: 1,
    msPerImage: { 1: await msPerImage(session, 1, 40), 8: await msPerImage(session, 8, 10) },
  }),
);
for (const folder of positionals) {
  let pairs;
  try {
    pairs = await readPairs(folder, look);
  } catch (error) {
    console.error(`evaluate.mjs: ${error.message}`);
    process.exit(1);
  }
  const random = generator(Number(values.seed));
  console.log(
    JSON.stringify({
      folder: path.basename(folder),
      images: pairs.length,
      look: values.look,
      clicksPerImage: repeats,
      dice: {
        oneClick: await meanDice(session, pairs, repeats, (mask) => clicks(mask, 1, random)),
        threeClicks: await meanDice(session, pairs, repeats, (mask) => clicks(mask, 3, random)),
        box: await meanDice(session, pairs, 1, box),
      },
    }),
  );
}

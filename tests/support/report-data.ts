import { freshMeter } from "@fedbaps/core/blackbox/metered.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import type { ReportData } from "@fedbaps/site-agent/report/report-data.js";

/** Scores of images 1, 2 and so on, from their Dice. */
export const scores = (...dices: number[]): ImageScore[] =>
  dices.map((dice, i) => ({ id: i + 1, dice, iou: dice / (2 - dice), hd95: 20 * (1 - dice) }));

/** Eight test images before and after. */
export const before = scores(0.5, 0.6, 0.7, 0.4, 0.8, 0.55, 0.65, 0.45);
export const after = scores(0.6, 0.72, 0.75, 0.55, 0.81, 0.7, 0.6, 0.6);

/** The same images by a small network alone: between the two. */
export const alone = scores(0.55, 0.7, 0.6, 0.5, 0.78, 0.6, 0.62, 0.58);

/** A study of three sites at its end, with a title that tries to be more than text. */
export const finished: ReportData = {
  kind: "study",
  name: "lesions",
  title: 'Skin <script>alert("1")</script> & more',
  site: "ward-7",
  finished: true,
  at: "2026-03-01T10:20:30.000Z",
  settings: {
    decoder: "filter-bank",
    decoderParameters: 117,
    preset: "adam",
    rounds: 4,
    budget: 1500,
    clicks: 3,
    seed: 1,
  },
  blackbox: { name: "onnx:sam.onnx", identity: "ab".repeat(32) },
  images: { train: 24, val: 8, test: 8 },
  version: 6,
  validation: { zeroShot: scores(0.5, 0.6), best: scores(0.6, 0.7) },
  curve: [
    { version: 0, queries: 24, valDice: 0.55 },
    { version: 1, queries: 300, valDice: 0.6 },
    { version: 6, queries: 1400, valDice: 0.65 },
  ],
  test: { zeroShot: before, adapted: after, reference: alone },
  meter: { ...freshMeter, train: 1200, validate: 100, report: 48, seconds: 100 },
  roundsTrained: 4,
  participation: [{ round: 1, attempt: 1, survivors: ["ward-7", "ward-8", "ward-9"], dropped: ["ward-4"] }],
  sent: { progress: { messages: 40, bytes: 8000 }, "reply/maskedInput": { messages: 4, bytes: 2400 } },
  program: "0.1.0",
  protocol: 3,
};

import type { SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { mean } from "@fedbaps/core/math/vector.js";
import { diceOf, type Subject } from "./gate-centre.js";

/** As many as a site compares by default: four rounds and two parts of its fine-tuning. */
export const VERSIONS = 6;

/** What some versions do to the Dice of every picture of a centre: a row per picture, a column per version. */
export interface Pool {
  readonly centre: string;
  readonly versions: string;
  readonly differences: readonly (readonly number[])[];
}

const SEED = 1;
const TEXTURES = 16;
/** Pictures that choose the pair of textures. */
const JUDGES = 8;

type Texture = Float32Array;

/** Two kinds of versions on one centre: some that are zero-shot again, and some that change much. */
export async function poolsOf(centre: string, model: SegmentationModel, subjects: readonly Subject[]): Promise<Pool[]> {
  const zeroShot = await diceOf(model, subjects, SEED);
  const pool = async (versions: string, version: (k: number) => Promise<number[]>): Promise<Pool> => {
    const columns: number[][] = [];
    for (let k = 1; k <= VERSIONS; k++) columns.push(await version(k));
    return { centre, versions, differences: zeroShot.map((before, i) => columns.map((column) => column[i] - before)) };
  };
  const pair = await bestPair(model, subjects);
  return [
    await pool("zero-shot, other clicks", (k) => diceOf(model, subjects, SEED + k)),
    await pool("textures on a rough mask", (k) =>
      diceOf(model, subjects, SEED, (subject) => replaced(subject, pair, k / VERSIONS)),
    ),
  ];
}

/** The pair that lets the black box read a rough mask best, of a few drawn at random. */
async function bestPair(model: SegmentationModel, subjects: readonly Subject[]): Promise<[Texture, Texture]> {
  const judges = subjects.slice(0, JUDGES);
  let best: { readonly pair: [Texture, Texture]; readonly dice: number } | undefined;
  for (let t = 1; t <= TEXTURES; t++) {
    const pair: [Texture, Texture] = [texture(2 * t - 1), texture(2 * t)];
    const dice = mean(await diceOf(model, judges, SEED, (subject) => replaced(subject, pair, 1)));
    if (!best || dice > best.dice) best = { pair, dice };
  }
  return best?.pair ?? [texture(1), texture(2)];
}

function texture(index: number): Texture {
  const stream = new RandomStream(SEED, "gate-texture", index);
  return Float32Array.from({ length: 12 }, () => 255 * stream.uniform());
}

/** One texture inside a rough copy of the mask, the other outside. */
function replaced(subject: Subject, [inside, outside]: [Texture, Texture], amount: number): Image {
  const { image, mask } = subject;
  const stream = new RandomStream(SEED, "gate-rough", subject.id);
  // How far a belief is off differs from picture to picture; now and then it is somewhere else.
  const reach = mask.width * (stream.uniform() < 0.15 ? 0.4 : 0.08);
  const [dx, dy] = [stream.between(-reach, reach), stream.between(-reach, reach)].map(Math.round);
  const believed = (x: number, y: number) => {
    const [fromX, fromY] = [x - dx, y - dy];
    const within = fromX >= 0 && fromY >= 0 && fromX < mask.width && fromY < mask.height;
    return within && mask.data[fromY * mask.width + fromX] > 0;
  };
  return blend(image, (x, y) => (believed(x, y) ? inside : outside), amount);
}

function blend(image: Image, at: (x: number, y: number) => Texture, amount: number): Image {
  const { width, channels } = image;
  const data = image.data.map((value, i) => {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    const goal = at(x, y)[(((y % 2) * 2 + (x % 2)) * 3 + (i % channels)) % 12];
    return value + amount * (goal - value);
  });
  return { ...image, data };
}

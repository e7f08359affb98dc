import { RandomStream } from "../math/rng.js";
import { TILE, textureLayout } from "./texture-layout.js";

const TEXTURE = 3 * TILE * TILE;
/** Values of a first candidate before tanh: strong contrast, and room for more. */
const REACH = 1.2;
/** Beyond this tanh is flat. */
const FARTHEST = 2.2;
/** At most so many values of a candidate have another sign than the pair it is made from. */
const MOST_FLIPS = 3;
/** Spread of what is added to all values, where none is flipped. */
const SHIFT = 0.5;

/** One texture inside, one outside; values before tanh, in the order of the layout. */
export interface TexturePair {
  readonly inside: Float32Array;
  readonly outside: Float32Array;
}

/** Whether a pair has been found yet. */
export function hasTextures(theta: Float32Array): boolean {
  return textureLayout.view(theta, "texture.inside").some((value) => value !== 0);
}

/**
 * Candidate number `index` to follow the pair that `theta` holds: number 0 is that pair itself, the others have a few
 * values turned over or all of them shifted a little. Where there is no pair yet, all are random.
 * @param name of the candidates' random stream: the same list for the same name.
 */
export function candidatePair(theta: Float32Array, index: number, ...name: (string | number)[]): TexturePair {
  const stream = new RandomStream(0, "texture-candidates", ...name, index);
  const values = new Float32Array(2 * TEXTURE);
  if (!hasTextures(theta)) for (let i = 0; i < values.length; i++) values[i] = stream.below(2) === 1 ? REACH : -REACH;
  else {
    values.set(textureLayout.view(theta, "texture.inside"));
    values.set(textureLayout.view(theta, "texture.outside"), TEXTURE);
    if (index > 0) change(values, stream);
  }
  return { inside: values.slice(0, TEXTURE), outside: values.slice(TEXTURE) };
}

function change(values: Float32Array, stream: RandomStream): void {
  if (stream.below(2) === 0) {
    const flips = 1 + stream.below(MOST_FLIPS);
    for (let i = 0; i < flips; i++) {
      const at = stream.below(values.length);
      values[at] = -values[at];
    }
  } else
    for (let i = 0; i < values.length; i++)
      values[i] = Math.max(-FARTHEST, Math.min(FARTHEST, values[i] + SHIFT * stream.normal()));
}

/** The list of federated poll number `poll`: the same at every site, so that their scores can be averaged. */
export function sharedCandidate(theta: Float32Array, index: number, poll: number): TexturePair {
  return candidatePair(theta, index, "shared", poll);
}

/** What is painted: the winner of the poll in hand where it has scores (the first of equals), else the pair in use. */
export function texturesInUse(theta: Float32Array): TexturePair {
  const scores = textureLayout.view(theta, "poll.score");
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  if (scores[best] > 0) return sharedCandidate(theta, best, pollNumber(theta));
  return {
    inside: textureLayout.view(theta, "texture.inside").slice(),
    outside: textureLayout.view(theta, "texture.outside").slice(),
  };
}

/** The average of equal whole numbers comes back from a sum in fixed point: it is rounded. */
export function pollNumber(theta: Float32Array): number {
  return Math.round(textureLayout.view(theta, "poll.number")[0]);
}

/** A copy of `theta` that paints this pair. */
export function withTextures(theta: Float32Array, { inside, outside }: TexturePair): Float32Array {
  const out = theta.slice();
  textureLayout.view(out, "texture.inside").set(inside);
  textureLayout.view(out, "texture.outside").set(outside);
  textureLayout.view(out, "poll.score").fill(0);
  textureLayout.view(out, "amount").fill(1);
  return out;
}

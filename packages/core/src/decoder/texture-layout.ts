import { RandomStream } from "../math/rng.js";
import { ParameterLayout } from "./parameters.js";

/** Features of a place, as the guide gives them. (The coordinator reads layouts, and must not load a network for that.) */
const FEATURES = 102;
/** Units of the belief head's one hidden layer. */
export const HIDDEN = 16;
/** Side of a texture's tile in pixels of the decoder's square. */
export const TILE = 2;
/** Texture pairs that stand for election in the first round. */
export const CANDIDATES = 48;

/**
 * - `head.*`: the belief head, trained by back-propagation on the site's labels.
 * - `poll.score`: how well the black box read each candidate pair back, soft Dice in [0, 1]; 0: not tried.
 * - `texture.*`: what training adds to the pair with the highest score, before tanh: channel, row, column.
 * - `amount`: how far the picture is replaced inside and outside, clamped to [0, 1].
 */
export const textureLayout = new ParameterLayout([
  ["head.weight", [FEATURES, HIDDEN]],
  ["head.bias", [HIDDEN]],
  ["head.out", [HIDDEN]],
  ["head.out_bias", [1]],
  ["poll.score", [CANDIDATES]],
  ["texture.inside", [3, TILE, TILE]],
  ["texture.outside", [3, TILE, TILE]],
  ["amount", [2]],
]);

const TEXTURE = 3 * TILE * TILE;
/** A candidate's values before tanh: strong, and not yet so flat that training could not move them. */
const CANDIDATE_REACH = 1.2;

/** One texture inside, one outside; values before tanh, in the order of the layout. */
export interface TexturePair {
  readonly inside: Float32Array;
  readonly outside: Float32Array;
}

/** The candidates of every study: fixed, so that sites' scores are of the same pairs. */
export const candidatePairs: readonly TexturePair[] = Array.from({ length: CANDIDATES }, (_, index) => {
  const stream = new RandomStream(0, "texture-candidates", index);
  const draw = () => Float32Array.from({ length: TEXTURE }, () => (stream.uint32() & 1 ? 1 : -1) * CANDIDATE_REACH);
  return { inside: draw(), outside: draw() };
});

/** The candidate with the highest score; the first of equals. */
export function electedCandidate(theta: Float32Array): number {
  const scores = textureLayout.view(theta, "poll.score");
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}

/**
 * The parameters to start from: the head's answer is the guide's own, no pair has a score, and nothing is painted.
 * Hidden weights are uniform with variance 2 / fan-in (He et al. 2015), so that they can learn.
 */
export function initialTexture(seed: number): Float32Array {
  const theta = new Float32Array(textureLayout.length);
  const stream = new RandomStream(seed, "texture-initial");
  const bound = Math.sqrt(6 / FEATURES);
  const weights = textureLayout.view(theta, "head.weight");
  for (let i = 0; i < weights.length; i++) weights[i] = bound * (2 * stream.uniform() - 1);
  return theta;
}

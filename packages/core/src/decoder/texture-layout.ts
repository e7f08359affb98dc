import { RandomStream } from "../math/rng.js";
import { ParameterLayout } from "./parameters.js";

/** Features of a place, as the guide gives them. (The coordinator reads layouts, and must not load a network for that.) */
const FEATURES = 102;
/** Units of the belief head's one hidden layer. */
export const HIDDEN = 16;
/** Side of a texture's tile in pixels of the decoder's square. */
export const TILE = 2;
/** Texture pairs that may stand for election at a time. */
export const CANDIDATES = 48;

/**
 * - `head.*`: the belief head, trained by back-propagation on the site's labels.
 * - `texture.*`: the pair of textures in use, before tanh: channel, row, column; zero where none has been found yet.
 * - `poll.number`: of the federated poll in hand, from 1; 0 before the first.
 * - `poll.score`: what the candidates of that poll were found to be worth, in [0, 1]; 0: not tried.
 * - `amount`: how far the picture is replaced inside and outside, clamped to [0, 1].
 */
export const textureLayout = new ParameterLayout([
  ["head.weight", [FEATURES, HIDDEN]],
  ["head.bias", [HIDDEN]],
  ["head.out", [HIDDEN]],
  ["head.out_bias", [1]],
  ["texture.inside", [3, TILE, TILE]],
  ["texture.outside", [3, TILE, TILE]],
  ["poll.number", [1]],
  ["poll.score", [CANDIDATES]],
  ["amount", [2]],
]);

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

import { RandomStream } from "../math/rng.js";
import { ParameterLayout } from "./parameters.js";

/** Features of a place, as the guide gives them. (The coordinator reads layouts, and must not load a network for that.) */
const FEATURES = 102;
/** Units of the belief head's one hidden layer. */
export const HIDDEN = 16;
/** Side of a texture's tile in pixels of the decoder's square. */
export const TILE = 2;

/**
 * - `head.*`: the belief head, trained by back-propagation on the site's labels.
 * - `texture.*`: the two textures, before tanh: channel, row, column; zero, a middle grey, before the first step.
 * - `amount`: how far the picture is replaced inside and outside, clamped to [0, 1].
 */
export const textureLayout = new ParameterLayout([
  ["head.weight", [FEATURES, HIDDEN]],
  ["head.bias", [HIDDEN]],
  ["head.out", [HIDDEN]],
  ["head.out_bias", [1]],
  ["texture.inside", [3, TILE, TILE]],
  ["texture.outside", [3, TILE, TILE]],
  ["amount", [2]],
]);

const { offset } = textureLayout.entry("texture.inside");
/** Values of both textures. */
export const TEXTURE_VALUES = textureLayout.entry("amount").offset - offset;

/**
 * The parameters to start from: the head's answer is the guide's own, both textures are grey, and nothing is painted.
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

/** The values of both textures, inside first, in place. */
export function texturesOf(theta: Float32Array): Float32Array {
  return theta.subarray(offset, offset + TEXTURE_VALUES);
}

/** Whether a search for them has begun. */
export function hasTextures(theta: Float32Array): boolean {
  return texturesOf(theta).some((value) => value !== 0);
}

/** A copy of `theta` that paints these textures, in full. */
export function withTextures(theta: Float32Array, textures: Float32Array): Float32Array {
  const out = theta.slice();
  texturesOf(out).set(textures);
  textureLayout.view(out, "amount").fill(1);
  return out;
}

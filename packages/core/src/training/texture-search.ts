import { hasTextures, textureLayout, texturesOf } from "../decoder/texture-layout.js";
import { type Search, startSearch } from "../optimizer/evolution-strategy.js";
import type { OptimizerState } from "../optimizer/spsa-gc.js";

/** Candidates of a step, all judged on one image and click: its queries. So few that a step is one call, and is not cut in two. */
export const OFFSPRING = 8;
/** Step size to begin with where nothing is known: the candidates' tanh is anywhere in its range. */
const WIDE = 1.2;
/** The same from textures that a cohort has found. */
const NEAR = 0.5;
/** Beyond this tanh is flat: a search that goes there is lost. */
const FARTHEST = 2.2;
/** What being beyond it by 1, in one value, is worth as a loss. */
const PENALTY = 1e-3;
/** Steps of a generation: sixteen candidates. */
const SMALL = 2;
/** The same at the start: with few candidates the first moves of one run in three went astray for good. */
const LARGE = 6;
/** Such generations at most, and the share of the steps that they may have. */
const LARGE_GENERATIONS = 8;
const LARGE_SHARE = 1 / 3;

/** The steps whose candidates are drawn around the same textures and compared with one another. */
export interface Generation {
  readonly first: number;
  /** The step after which the textures move. */
  readonly last: number;
}

/**
 * The generation of a step: six steps at the start of a search, two later.
 * @param ends steps done after each part of the run: no generation goes on over an end.
 * @param fresh whether the search begins with nothing.
 */
export function generationOf(step: number, ends: readonly number[], fresh: boolean): Generation {
  const steps = ends.at(-1) ?? 0;
  const large = fresh ? LARGE * Math.min(LARGE_GENERATIONS, Math.floor((steps * LARGE_SHARE) / LARGE)) : 0;
  const size = step < large ? LARGE : SMALL;
  const borders = [0, ...ends, large].filter((border) => border <= step);
  const start = Math.max(...borders);
  const first = start + size * Math.floor((step - start) / size);
  const next = [...ends, large].filter((border) => border > step);
  return { first, last: Math.min(first + size, ...next) - 1 };
}

/**
 * The search for textures as a state holds it: the mean among the parameters, path and step size where a gradient method
 * would keep the textures' moments. A federated round so averages the means of the sites; each keeps its own path and step.
 */
export function searchIn({ theta, moments: [paths, sizes] }: OptimizerState): Search {
  const mean = texturesOf(theta);
  const [sigma] = texturesOf(sizes);
  if (sigma > 0) return { mean, path: texturesOf(paths), sigma };
  return startSearch(mean, hasTextures(theta) ? NEAR : WIDE);
}

/** The moments that hold a search. @param moments are left as they are. */
export function momentsWith({ path, sigma }: Search, moments: readonly Float32Array[]): Float32Array[] {
  const [paths, sizes] = moments.map((moment) => moment.slice());
  texturesOf(paths).set(path);
  texturesOf(sizes).fill(sigma);
  return [paths, sizes];
}

/** The losses of a generation that is not at its end yet, in place: where a gradient method would keep moments of the head. */
export function lossesIn([first]: readonly Float32Array[]): Float32Array {
  return textureLayout.view(first, "head.weight").subarray(0, LARGE * OFFSPRING);
}

/** What is added to the loss of textures that are where differences no longer count. */
export function farness(textures: Float32Array): number {
  return PENALTY * textures.reduce((sum, value) => sum + Math.max(0, Math.abs(value) - FARTHEST) ** 2, 0);
}

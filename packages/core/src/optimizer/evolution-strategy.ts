import type { RandomStream } from "../math/rng.js";

/** Where a search stands. */
export interface Search {
  /** The point around which candidates are drawn, and the best guess. */
  readonly mean: Float32Array;
  /** The evolution path: where the mean has been going, with the step size taken out. */
  readonly path: Float32Array;
  /** Step size, above 0: the spread of the candidates in every coordinate. */
  readonly sigma: number;
}

export function startSearch(mean: Float32Array, sigma: number): Search {
  return { mean: mean.slice(), path: new Float32Array(mean.length), sigma };
}

/** `count` directions for the candidates of a generation: standard normal in every coordinate. */
export function directions(dimension: number, count: number, stream: RandomStream): Float32Array[] {
  return Array.from({ length: count }, () => Float32Array.from({ length: dimension }, () => stream.normal()));
}

/** The candidate in one direction: mean + sigma z. */
export function candidate({ mean, sigma }: Search, direction: Float32Array): Float32Array {
  return mean.map((value, i) => value + sigma * direction[i]);
}

/**
 * The search after a generation of the (mu/mu_w, lambda) evolution strategy with cumulative step-size adaptation: the mean
 * moves to the weighted mean of the better half; the step size grows while such moves go the same way, and shrinks while
 * they cancel out. Hansen 2016 ("The CMA evolution strategy: a tutorial", appendix A with the defaults of its table 1), with
 * the identity for the covariance matrix and weights for the better half only.
 * Losses are compared, not measured: noise that does not change their order changes nothing.
 *
 * @param tried one direction per candidate, at least 2, as `directions` gives them.
 * @param losses of these candidates, finite; lower is better, the first of equals comes first.
 */
export function recombine(
  { mean, path, sigma }: Search,
  tried: readonly Float32Array[],
  losses: readonly number[],
): Search {
  const dimension = mean.length;
  const better = tried.map((_, i) => i).sort((a, b) => losses[a] - losses[b] || a - b);
  const weights = weightsOf(tried.length);
  const move = new Float64Array(dimension);
  for (const [rank, weight] of weights.entries())
    for (let i = 0; i < dimension; i++) move[i] += weight * tried[better[rank]][i];

  const mass = 1 / weights.reduce((sum, weight) => sum + weight * weight, 0);
  const memory = (mass + 2) / (dimension + mass + 5);
  const damping = 1 + memory + 2 * Math.max(0, Math.sqrt((mass - 1) / (dimension + 1)) - 1);
  const gain = Math.sqrt(memory * (2 - memory) * mass);
  const next = path.map((value, i) => (1 - memory) * value + gain * move[i]);
  const length = Math.sqrt(next.reduce((sum, value) => sum + value * value, 0));
  return {
    mean: mean.map((value, i) => value + sigma * move[i]),
    path: next,
    sigma: sigma * Math.exp(Math.min(1, (memory / damping) * (length / chanceLength(dimension) - 1))),
  };
}

/** Of the better half of `count` candidates, best first; they sum to 1. */
function weightsOf(count: number): number[] {
  const raw = Array.from({ length: Math.floor(count / 2) }, (_, i) => Math.log((count + 1) / 2) - Math.log(i + 1));
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((weight) => weight / sum);
}

/** The expected length of a vector of standard normal values. */
function chanceLength(dimension: number): number {
  return Math.sqrt(dimension) * (1 - 1 / (4 * dimension) + 1 / (21 * dimension * dimension));
}

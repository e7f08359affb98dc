/** Up to so many differences other than 0 the p-value is exact; above, the sum is as good as normal. */
const EXACT_UP_TO = 100;

export interface SignedRankTest {
  /** Two-sided, in (0, 1]; 1 where there is nothing to test. */
  readonly p: number;
  /** Sum of the ranks of the positive differences, and of the negative ones. */
  readonly positive: number;
  readonly negative: number;
  /** Differences other than 0: those that count. */
  readonly count: number;
  /** Whether `p` is exact, or by the normal approximation. */
  readonly exact: boolean;
}

/**
 * The two-sided Wilcoxon signed-rank test of paired differences (Wilcoxon, Biometrics Bulletin 1 (1945) 80-83): zeros are
 * left out, equal magnitudes share the mean of their ranks.
 *
 * Up to 100 differences the p-value is exact also with ties: the distribution of the rank sum over all patterns of signs,
 * by the shift algorithm of Streitberg and Roehmel (1986). Above, the normal approximation with the variance corrected for
 * ties and without a correction for continuity. For differences of one magnitude it is the sign test.
 *
 * @param differences finite numbers, one a pair
 * @throws RangeError for a difference that is not finite
 */
export function signedRankTest(differences: readonly number[]): SignedRankTest {
  if (!differences.every(Number.isFinite)) throw new RangeError("the differences of a paired test must be finite");
  const counted = differences.filter((difference) => difference !== 0);
  const doubled = doubledRanks(counted.map(Math.abs));
  const sum = (sign: 1 | -1) =>
    counted.reduce((total, difference, i) => total + (Math.sign(difference) === sign ? doubled[i] : 0), 0) / 2;
  const [positive, negative] = [sum(1), sum(-1)];
  const count = counted.length;
  const exact = count <= EXACT_UP_TO;
  const smaller = Math.min(positive, negative);
  const p = count === 0 ? 1 : exact ? exactP(doubled, 2 * smaller) : normalP(doubled, smaller);
  return { p, positive, negative, count, exact };
}

/** Twice the rank of each magnitude, from 2: twice, so that the mean of two ranks is a whole number. */
function doubledRanks(magnitudes: readonly number[]): number[] {
  const order = magnitudes.map((_, i) => i).sort((a, b) => magnitudes[a] - magnitudes[b]);
  const ranks = new Array<number>(magnitudes.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && magnitudes[order[end]] === magnitudes[order[start]]) end++;
    // The mean of the ranks start + 1 to end, twice.
    for (let i = start; i < end; i++) ranks[order[i]] = start + 1 + end;
    start = end;
  }
  return ranks;
}

/** How often a random pattern of signs gives a sum of ranks no larger than this, or as far from the middle above it. */
function exactP(doubled: readonly number[], smaller: number): number {
  const total = doubled.reduce((sum, rank) => sum + rank, 0);
  // chance[s]: that the ranks so far, each taken or not with chance 1/2, add up to s.
  const chance = new Float64Array(total + 1);
  chance[0] = 1;
  let reached = 0;
  for (const rank of doubled) {
    reached += rank;
    for (let s = reached; s >= 0; s--) chance[s] = (chance[s] + (s >= rank ? chance[s - rank] : 0)) / 2;
  }
  let below = 0;
  for (let s = 0; s <= smaller; s++) below += chance[s];
  return Math.min(1, 2 * below);
}

function normalP(doubled: readonly number[], smaller: number): number {
  const sum = doubled.reduce((total, rank) => total + rank, 0) / 2;
  // The variance of a sum of ranks, each taken with chance 1/2: ties are in the ranks already.
  const deviation = Math.sqrt(doubled.reduce((total, rank) => total + (rank / 2) ** 2, 0) / 4);
  return Math.min(1, 2 * normalBelow((smaller - sum / 2) / deviation));
}

/**
 * The chance that a standard normal number is below z, for z <= 0: by the complementary error function in the continued
 * fraction of Lentz far out, else by its power series; about 1e-15 of the value.
 */
function normalBelow(z: number): number {
  const x = -z;
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x < 3) {
    // Abramowitz and Stegun 26.2.11.
    let term = x;
    let series = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(series); n++) {
      term *= (x * x) / (2 * n + 1);
      series += term;
    }
    return 0.5 - density * series;
  }
  // Abramowitz and Stegun 26.2.14.
  let fraction = x;
  for (let n = 200; n >= 1; n--) fraction = x + n / fraction;
  return density / fraction;
}

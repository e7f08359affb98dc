import { RandomStream } from "../math/rng.js";

/** Up to so many pairs every pattern of signs is looked at; above, so many at random. */
const EXACT_UP_TO = 13;
const PATTERNS = 2 ** EXACT_UP_TO;
/** Sums that differ by less are equal: they are added up in different orders. */
const TIE = 1e-9;

/**
 * How surprising several candidates are together: for each the chance, in (0, 1], that the best of all of them looks as
 * good as this one does where none is better. One-sided, paired by row, adjusted for the number of candidates.
 *
 * The sign-flip test of Fisher (1935) with the greatest statistic of Westfall and Young (1993): the signs of a whole row,
 * one image under all candidates, are flipped together, so candidates that go up and down together cost little more than
 * one. The statistic is the sum of a candidate's differences over the root of their squares, which orders as Student's t.
 * Exact up to 13 rows, from 8,192 patterns fixed for all times above, which never says less than it should: the observed
 * pattern counts as one of them. With n rows no p is below 2^-n.
 *
 * @param candidates the differences of each candidate, finite, the same rows in the same order
 * @returns one p a candidate; 1 where its differences do not add up to more than 0
 * @throws RangeError for a difference that is not finite, or for candidates of different lengths
 */
export function signFlipTest(candidates: readonly (readonly number[])[]): number[] {
  const rows = candidates[0]?.length ?? 0;
  if (candidates.some((differences) => differences.length !== rows))
    throw new RangeError("candidates are compared on the same rows");
  if (!candidates.every((differences) => differences.every(Number.isFinite)))
    throw new RangeError("the differences of a paired test must be finite");
  const scaled = candidates.map(toUnitLength);
  const observed = scaled.map((values) => values.reduce((sum, value) => sum + value, 0));
  const atLeast = new Array<number>(candidates.length).fill(0);
  let patterns = 0;
  for (const sign of rows <= EXACT_UP_TO ? allPatterns(rows) : randomPatterns(rows)) {
    patterns++;
    let greatest = Number.NEGATIVE_INFINITY;
    for (const values of scaled) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += sign[i] * values[i];
      if (sum > greatest) greatest = sum;
    }
    for (let k = 0; k < observed.length; k++) if (greatest >= observed[k] - TIE) atLeast[k]++;
  }
  return observed.map((sum, k) => (sum > TIE ? atLeast[k] / patterns : 1));
}

function toUnitLength(differences: readonly number[]): number[] {
  const length = Math.hypot(...differences);
  return differences.map((difference) => (length > 0 ? difference / length : 0));
}

/** Every pattern of signs once, the observed one first. The array is used again. */
function* allPatterns(rows: number): Generator<Int8Array> {
  const sign = new Int8Array(rows);
  for (let pattern = 0; pattern < 2 ** rows; pattern++) {
    for (let i = 0; i < rows; i++) sign[i] = (pattern >> i) & 1 ? -1 : 1;
    yield sign;
  }
}

/** The observed pattern, then random ones. */
function* randomPatterns(rows: number): Generator<Int8Array> {
  const sign = new Int8Array(rows).fill(1);
  yield sign;
  const stream = new RandomStream(0, "sign-flip");
  for (let pattern = 1; pattern < PATTERNS; pattern++) {
    for (let bits = 0, i = 0; i < rows; i++, bits >>>= 1) {
      if (i % 32 === 0) bits = stream.uint32();
      sign[i] = bits & 1 ? -1 : 1;
    }
    yield sign;
  }
}

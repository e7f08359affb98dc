import { mean, standardError } from "../math/vector.js";

/**
 * The one-sided paired t-test (Student, Biometrika 6 (1908) 1-25): the chance of a mean so far above 0, in units of its
 * standard error, where the true mean is 0 and the differences are normal. Exact sums for whole degrees of freedom
 * (Abramowitz and Stegun 26.7.3 and 26.7.4).
 *
 * @param differences finite numbers, one a pair
 * @returns p in [0, 1]; small for a gain. Differences that are all the same give 0, or 1 where they are no gain; fewer than two give 1.
 * @throws RangeError for a difference that is not finite
 */
export function studentTest(differences: readonly number[]): number {
  if (!differences.every(Number.isFinite)) throw new RangeError("the differences of a paired test must be finite");
  if (differences.length < 2) return 1;
  const [centre, error] = [mean(differences), standardError(differences)];
  if (error === 0) return centre > 0 ? 0 : 1;
  const freedom = differences.length - 1;
  const within = chanceWithin(Math.atan(Math.abs(centre / error) / Math.sqrt(freedom)), freedom);
  const tail = (1 - within) / 2;
  return centre > 0 ? tail : 1 - tail;
}

/** The chance that |t| is at most sqrt(freedom) times the tangent of the angle. */
function chanceWithin(angle: number, freedom: number): number {
  const odd = freedom % 2 === 1;
  const square = Math.cos(angle) ** 2;
  let term = odd ? Math.cos(angle) : 1;
  let sum = 0;
  for (let power = odd ? 1 : 0; power <= freedom - 2; power += 2) {
    sum += term;
    term *= (square * (power + 1)) / (power + 2);
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

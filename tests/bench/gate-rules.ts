import { mean, standardError } from "@fedbaps/core/math/vector.js";
import { signedRankTest } from "@fedbaps/core/metrics/paired-test.js";
import { signFlipTest } from "@fedbaps/core/metrics/sign-flip.js";
import { studentTest } from "@fedbaps/core/metrics/student-t.js";
import { chanceOfLast } from "@fedbaps/core/training/version-choice.js";

/** The versions of one site against zero-shot on its validation list, as the rules see them. */
interface Looks {
  /** Of each version, as all below. */
  readonly means: readonly number[];
  readonly standardErrors: readonly number[];
  /** One-sided p of Student's t, of the signed ranks and of flipped signs, each version alone. */
  readonly t: readonly number[];
  readonly ranks: readonly number[];
  readonly flips: readonly number[];
  /** As the site agent has it: adjusted for the versions up to this one. */
  readonly running: readonly number[];
  /** Of flipped signs, adjusted for all versions. */
  readonly final: readonly number[];
  /** Share of the images that lose more than 0.1. */
  readonly losers: readonly number[];
}

/** Which versions a rule would let a site use; of those the one with the highest mean is used. */
export interface Rule {
  readonly name: string;
  readonly accepts: (looks: Looks, version: number) => boolean;
}

const overSe = (margin: number) => (looks: Looks, k: number) => looks.means[k] > margin * looks.standardErrors[k];
const below = (test: "t" | "ranks" | "flips" | "running" | "final", level: number) => (looks: Looks, k: number) =>
  looks[test][k] <= level;
const shared = (test: "t" | "ranks", level: number) => (looks: Looks, k: number) =>
  looks[test][k] <= level / looks.means.length;

export const CHOSEN = "sign flips, adjusted so far, 5 % (in use)";

/** Only means above 0 count, under every rule. */
export const RULES: readonly Rule[] = [
  { name: "any gain (before)", accepts: overSe(0) },
  { name: "1 standard error", accepts: overSe(1) },
  { name: "1.64 standard errors", accepts: overSe(1.64) },
  { name: "t-test, 5 % each", accepts: below("t", 0.05) },
  { name: "t-test, 5 % shared", accepts: shared("t", 0.05) },
  { name: "signed ranks, 5 % shared", accepts: shared("ranks", 0.05) },
  { name: "sign flips, 5 % each", accepts: below("flips", 0.05) },
  { name: "sign flips, adjusted at the end, 5 %", accepts: below("final", 0.05) },
  { name: CHOSEN, accepts: below("running", 0.05) },
  {
    name: "the same, and at most 1 image in 4 loses 0.1",
    accepts: (looks, k) => looks.running[k] <= 0.05 && looks.losers[k] <= 0.25,
  },
  { name: "sign flips, adjusted so far, 10 %", accepts: below("running", 0.1) },
];

/** @param versions the differences to zero-shot of each version, image by image */
export function looksAt(versions: readonly (readonly number[])[]): Looks {
  return {
    means: versions.map(mean),
    standardErrors: versions.map(standardError),
    t: versions.map(studentTest),
    ranks: versions.map(rankTest),
    flips: versions.map((version) => (mean(version) > 0 ? signFlipTest([version])[0] : 1)),
    running: versions.map((version, k) => (mean(version) > 0 ? chanceOfLast(versions.slice(0, k + 1)) : 1)),
    final: signFlipTest(versions),
    losers: versions.map((differences) => mean(differences.map((value) => (value < -0.1 ? 1 : 0)))),
  };
}

/** The version that a site would use under a rule, or -1. */
export function used(rule: Rule, looks: Looks): number {
  let best = -1;
  for (const [k, value] of looks.means.entries())
    if (value > 0 && (best < 0 || value > looks.means[best]) && rule.accepts(looks, k)) best = k;
  return best;
}

/** Half of the two-sided p, on the side of a gain. */
function rankTest(differences: readonly number[]): number {
  const { p, positive, negative } = signedRankTest(differences);
  return positive > negative ? p / 2 : 1 - p / 2;
}

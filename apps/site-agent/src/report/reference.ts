import { type ImageScore, meanDice } from "@fedbaps/core/training/evaluate.js";
import { plainReason } from "../plain-reason.js";
import type { Training } from "../training.js";
import type { TestScores } from "./results-file.js";
import { lead, type Paired } from "./statistics.js";

/**
 * Measures on the test split a small network that is trained on this site's labels alone, without the black box: it shows
 * what the black box adds. Asks nothing, is computed anew at every call, and stays at the site.
 * @param say told why, where it cannot be measured: what was paid for is not to fail by it
 * @returns undefined where it cannot be measured. @throws AbortError
 */
export async function measureReference(
  training: Pick<Training, "reference">,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<readonly ImageScore[] | undefined> {
  signal.throwIfAborted();
  try {
    return await training.reference(signal);
  } catch (error) {
    signal.throwIfAborted();
    say(`what a small network alone would do could not be measured: ${plainReason(error)}`);
    return undefined;
  }
}

/** What the site's scores say of the small network alone, for a person. */
export interface ReferenceWords {
  readonly figure: string;
  /** Where it does better than what the site uses. */
  readonly advice?: string;
}

/** @param seed of the bootstrap. @returns undefined where it was not measured */
export function referenceWords(test: TestScores, seed: number): ReferenceWords | undefined {
  const { reference, zeroShot, adapted } = test;
  if (!reference || reference.length === 0) return undefined;
  const figure = `a small network trained on your labels alone, without the black box: Dice ${meanDice(reference).toFixed(3)}`;
  const advice = aloneIsBetter(lead(reference, adapted ?? zeroShot, seed), adapted !== null);
  return advice === undefined ? { figure } : { figure, advice };
}

/** Said plainly where the small network does better; undefined where it does not. */
export function aloneIsBetter({ difference, p }: Paired, adapted: boolean): string | undefined {
  if (difference.mean <= 0) return undefined;
  const chance = p >= CHANCE ? " With these images the difference may be chance." : "";
  return (
    `On these images the small network alone does better than the ${adapted ? "adapted" : "plain"} black box: ` +
    `consider whether you need the black box for this task.${chance}`
  );
}

/** From here on, a difference may be chance. */
export const CHANCE = 0.05;

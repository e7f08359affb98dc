import { PHASES } from "@fedbaps/core/federation/round-state.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";

/** One thing that goes wrong, so many milliseconds after the one before it. */
export type Fault = { readonly after: number } & (
  | { readonly kind: "cut"; readonly site: string; readonly by: "reset" | "end" }
  | { readonly kind: "cut-in-message"; readonly site: string; readonly bytes: number }
  | { readonly kind: "away"; readonly site: string; readonly milliseconds: number }
  | { readonly kind: "half-open"; readonly site: string; readonly lost: "toServer" | "toClient" | "both" }
  | { readonly kind: "lost-answer"; readonly site: string; readonly phase: string }
  | { readonly kind: "slow"; readonly site: string; readonly delay: number }
  | { readonly kind: "site-killed"; readonly site: string; readonly milliseconds: number }
  | { readonly kind: "coordinator-killed"; readonly milliseconds: number }
  | { readonly kind: "all-killed"; readonly milliseconds: number }
);

const KINDS = [
  "cut",
  "cut",
  "cut-in-message",
  "away",
  "half-open",
  "lost-answer",
  "slow",
  "site-killed",
  "site-killed",
  "coordinator-killed",
  "coordinator-killed",
  "all-killed",
] as const;
const FEWEST = 4;
const MOST = 9;

/** A schedule of faults: the same for the same seed. */
export function faultSchedule(seed: number, sites: readonly string[]): Fault[] {
  const stream = new RandomStream(seed, "faults");
  const one = <T>(of: readonly T[]): T => of[stream.below(of.length)];
  const milliseconds = (most: number) => stream.below(most);
  return Array.from({ length: FEWEST + stream.below(MOST - FEWEST + 1) }, (): Fault => {
    const [after, kind, site] = [milliseconds(250), one(KINDS), one(sites)];
    switch (kind) {
      case "cut":
        return { after, kind, site, by: one(["reset", "end"]) };
      case "cut-in-message":
        return { after, kind, site, bytes: stream.below(2000) + 1 };
      case "away":
        return { after, kind, site, milliseconds: milliseconds(600) };
      case "half-open":
        return { after, kind, site, lost: one(["toServer", "toClient", "both"]) };
      case "lost-answer":
        return { after, kind, site, phase: one(PHASES) };
      case "slow":
        return { after, kind, site, delay: milliseconds(60) };
      case "site-killed":
        return { after, kind, site, milliseconds: milliseconds(400) };
      default:
        return { after, kind, milliseconds: milliseconds(400) };
    }
  });
}

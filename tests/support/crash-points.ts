import { RandomStream } from "@fedbaps/core/math/rng.js";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { type DiskChange, faultyFs, type Strike } from "./faulty-disk.js";
import type { Left } from "./mortal-site.js";
import { removeTemporaryFolders, temporaryFolder } from "./temporary-folder.js";

/** Everything that must be as if nothing had happened. */
export function resultOf({ report, versions }: Left) {
  const { blackboxSeconds: _, ...figures } = report;
  // A version that was deleted may be there again after a power failure.
  return { figures, newest: versions[0] };
}

/** No site's two shares in one attempt, nothing that is not in the journal, and one set of survivors in a round. */
export function expectRevealedOnce({ revealed, records }: Left): void {
  const journal = records.filter((entry) => entry.kind === "revealed");
  const attempts = journal.map(({ round, attempt }) => `${round}.${attempt}`);
  expect(new Set(attempts).size).toBe(attempts.length);
  for (const { reference, shares } of revealed) {
    expect(attempts).toContain(`${reference.round}.${reference.attempt}`);
    expect(new Set(shares.map(({ site }) => site)).size).toBe(shares.length);
  }
  for (const { survivors, dropped } of journal) expect([survivors, dropped]).toEqual([["aa", "bb", "cc"], []]);
}

/** Modules that see the faulty disk: to be imported after it took the place of the real one. */
export async function onFaultyDisk() {
  jest.unstable_mockModule("node:fs/promises", () => ({ ...faultyFs, default: faultyFs }));
  const { playStudy } = await import("./mortal-site.js");
  const { makeStudy } = await import("../unit/site-agent/make-runner.js");
  return { playStudy, study: makeStudy({ rounds: 2, personalShare: 0.5, sealed: true }) };
}

const STRIKES = ["die", "tear", "power-cut"] as const;

const at = (number: number, strike: Strike) => (change: DiskChange) => (change.number === number ? strike : undefined);

/**
 * A real agent with its real stores plays a study; the only thing made up is its disk, which takes the process (or the
 * machine) with it at one of its changes: an opening, a write, half a write, a flush, a renaming, a deletion. Whatever the
 * point, the next life ends the study with the same bits, and has revealed what it may.
 * @param sampled so many points of each kind, drawn with a fixed seed
 */
export async function describeCrashPoints(sampled: number): Promise<void> {
  const { playStudy, study } = await onFaultyDisk();
  removeTemporaryFolders();
  let undisturbed: Left;
  const points: DiskChange[] = [];

  beforeAll(async () => {
    undisturbed = await playStudy(await temporaryFolder(), study, [(change) => void points.push(change)]);
  });

  function expectWhole(left: Left, deaths: number): void {
    expect(left.changes).toHaveLength(deaths + 1);
    expect(left.failures).toEqual([]);
    expect(resultOf(left)).toEqual(resultOf(undisturbed));
    // A step or a picture that was being paid for when the process died is paid for again; nothing else is.
    expect(left.bought.steps - undisturbed.bought.steps).toBeLessThanOrEqual(deaths);
    expect(left.bought.images - undisturbed.bought.images).toBeLessThanOrEqual(deaths);
    expectRevealedOnce(left);
  }

  describe("a study whose agent dies at a change of its disk", () => {
    it("has enough such points to choose from", () => {
      expect(new Set(points.map(({ call }) => call))).toEqual(
        new Set(["open", "write", "sync", "rename", "rm", "mkdir"]),
      );
      expect(points.length).toBeGreaterThan(150);
      expect(undisturbed.failures).toEqual([]);
      expect(undisturbed.revealed).toHaveLength(study.rounds);
    });

    it.each(STRIKES)("ends as if nothing had happened: %s", async (strike) => {
      const possible = points.filter(({ call }) => strike !== "tear" || call === "write");
      const chosen = new RandomStream(1, "crash-points", strike).shuffle([...possible]).slice(0, sampled);
      for (const point of chosen) {
        const left = await playStudy(await temporaryFolder(), study, [at(point.number, strike)]);
        try {
          expectWhole(left, 1);
        } catch (error) {
          throw new Error(`${strike} at ${JSON.stringify(point)}: ${(error as Error).message}`);
        }
      }
    });

    it("also when it dies again and again, soon after each start", async () => {
      const stream = new RandomStream(1, "crash-points", "again");
      const lives = Array.from({ length: 12 }, () => at(2 + stream.below(40), STRIKES[stream.below(3)]));
      const left = await playStudy(await temporaryFolder(), study, lives);
      expectWhole(left, lives.length);
    });
  });
}

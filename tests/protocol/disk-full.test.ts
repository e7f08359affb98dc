import { RandomStream } from "@fedbaps/core/math/rng.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { expectRevealedOnce, onFaultyDisk, resultOf } from "../support/crash-points.js";
import { type DiskChange, DiskLife } from "../support/faulty-disk.js";
import type { Left } from "../support/mortal-site.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

const { playStudy, study } = await onFaultyDisk();
const { lockHome } = await import("@fedbaps/site-agent/lock.js");
const { Home } = await import("@fedbaps/site-agent/home.js");
removeTemporaryFolders();

const SAMPLED = 4;
/** So many changes in a row are refused: with what is tried again, several tries. */
const REFUSED = 9;

let undisturbed: Left;
const points: DiskChange[] = [];
beforeAll(async () => {
  undisturbed = await playStudy(await temporaryFolder(), study, [(change) => void points.push(change)]);
});

const refusing = (from: number, code: string) => (change: DiskChange) =>
  change.number >= from && change.number < from + REFUSED ? { code } : undefined;

describe.each([
  ["a full disk", "ENOSPC", "DISK_FULL", "the disk is full; free some space"],
  ["a used-up quota", "EDQUOT", "DISK_QUOTA", "the disk quota is used up"],
  ["a disk that went read-only", "EROFS", "HOME_READ_ONLY", "it is on a read-only disk"],
  ["rights that were taken away", "EACCES", "HOME_READ_ONLY", "this account has no right to it"],
  ["a failing disk", "EIO", "DISK_FAILED", "the disk reports an error"],
])("%s in the middle of a study", (_, code, ours, words) => {
  it("is waited for or told by its code; what was paid for is not paid again, and the end is the same", async () => {
    const shuffled = new RandomStream(1, "disk-full", code).shuffle([...points]);
    // A disk may also refuse to delete, and there are few of these.
    const deletion = shuffled.filter(({ call }) => call === "rm").slice(0, 1);
    const chosen = [...shuffled.slice(0, SAMPLED), ...deletion];
    let waited = 0;
    for (const { number, call, file } of chosen) {
      const left = await playStudy(await temporaryFolder(), study, [refusing(number, code)]);
      const where = `${code} at ${number}, ${call} ${file}`;
      expect([where, resultOf(left)]).toEqual([where, resultOf(undisturbed)]);
      expect([where, left.bought]).toEqual([where, undisturbed.bought]);
      expect(left.failures.filter((failure) => failure.code !== ours)).toEqual([]);
      expectRevealedOnce(left);
      const waits = left.lines.filter((line) => line.includes("waits:"));
      for (const line of waits) expect(line).toMatch(new RegExp(`^study: waits: cannot write .*: ${words}[^\n]*$`));
      expect(left.lines.filter((line) => line.endsWith("again; goes on"))).toHaveLength(waits.length);
      waited += Math.min(1, waits.length);
    }
    // Most points lie in paid work.
    expect(waited).toBeGreaterThanOrEqual(SAMPLED / 2);
  });
});

it("a home that is full, or read-only, when the agent starts is refused in one line", async () => {
  for (const [code, ours] of [
    ["ENOSPC", "DISK_FULL"],
    ["EROFS", "HOME_READ_ONLY"],
  ]) {
    const home = new Home(await temporaryFolder());
    const life = new DiskLife(home.folder, ({ call }) => (call === "rm" ? undefined : { code }));
    const started = life.run(() => lockHome(home, { command: "fedbaps-site run", now: 0 }));
    await expect(started).rejects.toMatchObject({
      code: ours,
      message: expect.stringMatching(new RegExp(`^cannot write ${home.folder}: [^\n]*; [^\n]*$`)),
    });
  }
});

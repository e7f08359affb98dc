import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { Home } from "@fedbaps/site-agent/home.js";
import { lockHolder, lockHome } from "@fedbaps/site-agent/lock.js";
import { describe, expect, it, jest } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const realTimeout = setTimeout;

const newHome = async () => new Home(await temporaryFolder());
const linux = existsSync("/proc/self/stat");
const init = { command: "fedbaps-site run", now: 0, wait: async () => {} };

/** Somebody else's lock, as this process would write it but for `change`. */
async function heldLock(home: Home, change: Record<string, unknown>): Promise<void> {
  const release = await lockHome(home, init);
  const text = await readFile(home.lock, "utf8");
  await release();
  await writeFile(home.lock, JSON.stringify({ ...JSON.parse(text), ...change }));
}

describe("the lock of a home", () => {
  it("refuses a second agent in one line that says who has the home, since when, and what to do", async () => {
    const home = await newHome();
    const release = await lockHome(home, { ...init, pid: 77, isAlive: () => true });
    const second = lockHome(home, { ...init, pid: 78, isAlive: () => true });
    await expect(second).rejects.toMatchObject({
      code: "HOME_LOCKED",
      fields: { pid: 77, host: hostname() },
      message: expect.stringMatching(/^[^\n]*fedbaps-site run.*process 77.*1970-01-01.*agent\.lock[^\n]*$/),
    });
    await release();
    await (await lockHome(home, { ...init, pid: 78 }))();
    expect(await readdir(home.folder)).toEqual([]);
  });

  it("is taken over at once from a process of this machine that has ended", async () => {
    const home = await newHome();
    const child = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => child.on("close", resolve));
    await heldLock(home, { pid: child.pid, tick: "1" });
    expect(await lockHolder(home)).toBeUndefined();
    const wait = jest.fn(async () => {});
    await lockHome(home, { ...init, wait });
    expect(JSON.parse(await readFile(home.lock, "utf8")).pid).toBe(process.pid);
    expect(wait).not.toHaveBeenCalled();
  });

  it("is taken over from a process whose number another has got since", async () => {
    if (!linux) return console.warn("skipped: only Linux tells when a process began");
    const home = await newHome();
    await heldLock(home, { pid: process.ppid, tick: "1" });
    await (await lockHome(home, init))();
    await heldLock(home, { pid: process.ppid, tick: undefined, boot: undefined });
    // A boot that is not known may be any.
    const said: string[] = [];
    await (await lockHome(home, { ...init, say: (line) => said.push(line) }))();
    expect(said).toHaveLength(1);
  });

  const others = [
    ["another computer", { host: "elsewhere" }],
    ["another boot", { boot: "another" }],
    ["another container", { space: "pid:[1]" }],
  ] as const;

  it.each(others)("of %s is watched: taken over when nobody touches it, whatever the clocks say", async (_, change) => {
    const home = await newHome();
    for (const days of [-1, 0, 1]) {
      await heldLock(home, { pid: 77, ...change });
      const time = new Date(Date.now() + days * 86_400_000);
      await utimes(home.lock, time, time);
      const said: string[] = [];
      let waited = 0;
      const wait = async (milliseconds: number) => {
        waited += milliseconds;
      };
      const release = await lockHome(home, { ...init, wait, say: (line) => said.push(line) });
      expect(waited).toBe(30_000);
      expect(said).toEqual([expect.stringContaining("process 77")]);
      await release();
    }
  });

  it.each(others)("of %s is left to it when it is touched, also by a clock that was set back", async (_, change) => {
    const home = await newHome();
    await heldLock(home, { pid: 77, ...change });
    const before = await readFile(home.lock, "utf8");
    let looked = 0;
    const wait = async () => {
      const yesterday = new Date(Date.now() - 86_400_000);
      if (++looked === 7) await utimes(home.lock, yesterday, yesterday);
    };
    await expect(lockHome(home, { ...init, wait })).rejects.toMatchObject({ code: "HOME_LOCKED" });
    expect(looked).toBe(7);
    expect(await readFile(home.lock, "utf8")).toBe(before);
  });

  it("goes to one of many that find the same dead lock", async () => {
    const home = await newHome();
    for (let round = 0; round < 5; round++) {
      await heldLock(home, { pid: 77, tick: "1" });
      // Number 77 is dead, the others live.
      const isAlive = (pid: number) => pid !== 77;
      const pids = [101, 102, 103, 104, 105, 106];
      const tries = await Promise.allSettled(pids.map((pid) => lockHome(home, { ...init, pid, isAlive })));
      const won = tries.filter(({ status }) => status === "fulfilled");
      expect(won).toHaveLength(1);
      for (const lost of tries)
        if (lost.status === "rejected") expect(lost.reason).toMatchObject({ code: "HOME_LOCKED" });
      await rm(home.lock);
    }
  });

  it("is not removed by a holder that another has replaced, who is told", async () => {
    jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick"] });
    try {
      const home = await newHome();
      const lost = jest.fn();
      const release = await lockHome(home, { ...init, lost });
      const before = new Date(0);
      await utimes(home.lock, before, before);
      await jest.advanceTimersByTimeAsync(10_000);
      await until(async () => (await stat(home.lock)).mtimeMs > 0);
      // The touch that has just been seen may still be closing its file, but writes no more.
      await writeFile(home.lock, "another's");
      expect(lost).not.toHaveBeenCalled();
      await jest.advanceTimersByTimeAsync(10_000);
      await until(async () => lost.mock.calls.length > 0);
      expect(lost).toHaveBeenCalledTimes(1);
      await release();
      expect(await readFile(home.lock, "utf8")).toBe("another's");
    } finally {
      jest.useRealTimers();
    }
  });
});

/** Waits in real time for what the disk does. */
async function until(wanted: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await wanted()) return;
    await new Promise((resolve) => realTimeout(resolve, 10));
  }
  throw new Error("what was waited for did not come");
}

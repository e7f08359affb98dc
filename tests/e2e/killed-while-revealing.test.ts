import { existsSync, readFileSync, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { afterEach, describe, expect, it } from "@jest/globals";
import { Federation, STUDY } from "../support/federation.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// Real agents, killed with SIGKILL at the moment their journal says that shares are revealed: just before those leave
// the process, or just after. Either way nobody reveals for another sum of the same round, and the study goes on.

removeTemporaryFolders();

const SITES = ["one", "two", "three"];
// The filter bank: what is tried here is the protocol.
const spec = {
  decoder: "filter-bank",
  rounds: 3,
  budget: 400,
  clicks: 1,
  personalShare: 0,
  silenceSeconds: 5,
} as const;

let federation: Federation;
afterEach(() => federation?.stop());

const home = (site: string) => new Home(federation.home(site));

/** Kills the victims as soon as the journal of the first holds a reveal of this round; resolves when they are gone. */
async function killAtReveal(round: number, victims: readonly string[]): Promise<void> {
  const folder = home(victims[0]).study(STUDY);
  const journal = join(folder, "journal.jsonl");
  await federation.until("the study has begun", () => existsSync(journal));
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!readFileSync(journal, "utf8").includes(`"kind":"revealed","round":${round},`)) return;
      for (const victim of victims) federation.kill(victim);
      watcher.close();
      resolve();
    };
    const watcher = watch(folder, look);
    look();
  });
  await Promise.all(victims.map((victim) => federation.running.get(victim)?.ended));
}

describe("agents that are killed between writing a reveal down and sending it", () => {
  it("reveal for no other sum of that round, and all end with the same model", async () => {
    federation = await Federation.start(await temporaryFolder(), { sites: SITES, images: 15, spec });
    const deaths = [killAtReveal(1, ["one"]), killAtReveal(2, SITES)];
    for (const site of SITES) federation.serve(site);
    await deaths[0];
    federation.serve("one");
    await deaths[1];
    for (const site of SITES) federation.serve(site);
    const end = await federation.until("completed by all", ({ status }) => status === "completed");
    expect(end.completed).toBe(3);

    const models = new Set<string>();
    for (const site of SITES) {
      expect([site, await federation.running.get(site)?.ended]).toEqual([site, 0]);
      const reveals = (await StudyStore.read(home(site), STUDY)).filter((entry) => entry.kind === "revealed");
      expect([...new Set(reveals.map(({ round }) => round))]).toEqual([1, 2, 3]);
      const attempts = reveals.map(({ round, attempt }) => `${round}.${attempt}`);
      expect(new Set(attempts).size).toBe(attempts.length);
      for (const { survivors, dropped } of reveals) {
        expect([...survivors].sort()).toEqual([...SITES].sort());
        expect(dropped).toEqual([]);
      }
      models.add(sha256Hex(await readFile(join(home(site).study(STUDY), "versions", "0003.bin"))));
    }
    expect(models.size).toBe(1);
  });
});

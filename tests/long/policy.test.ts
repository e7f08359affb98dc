import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type AgentState, readAgentState } from "@fedbaps/site-agent/agent-state.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { run } from "../support/command-line.js";
import { Federation, STUDY } from "../support/federation.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// The policy on the program that a hospital starts: its own process, the bundled black box, files changed under it.

removeTemporaryFolders();

const SITES = ["north", "south", "west"];
const DAILY = 60;

describe("a policy with a day's queries, on the running program", () => {
  let federation: Federation;
  let home: Home;

  const policy = (daily: string) =>
    writeFile(home.policy, `minCohort: 3\nbudgetPerStudy: 250\nbudgetPerDay: ${daily}\nmetrics: cohort\n`);
  const asked = async () => JSON.parse((await run("status", "--json", "--home", home.folder)).out).today.queries;

  async function until(what: string, wanted: (state: AgentState) => boolean): Promise<AgentState> {
    for (let i = 0; i < 600; i++) {
      const state = await readAgentState(home);
      if (state && wanted(state)) return state;
      await sleep(100);
    }
    throw new Error(`in vain: ${what}`);
  }

  beforeAll(async () => {
    federation = await Federation.start(await temporaryFolder(), {
      sites: SITES,
      images: 15,
      spec: { rounds: 2, budget: 250, clicks: 1 },
    });
    home = new Home(federation.home("north"));
  }, 240_000);

  afterAll(() => federation?.stop());

  it("waits when they are spent, by state.json and status; goes on when the file gives more, without a restart", async () => {
    await policy(String(DAILY));
    for (const site of SITES) federation.serve(site);
    const waiting = await until("waits", ({ studies }) => studies.some((study) => study.waiting !== undefined));
    expect(waiting).toMatchObject({
      link: { state: "admitted" },
      studies: [{ study: STUDY, waiting: { reason: "daily-budget" } }],
    });
    const spent = await asked();
    expect(spent).toBeGreaterThan(0);
    expect(spent).toBeLessThanOrEqual(DAILY);
    const status = await run("status", "--home", home.folder);
    expect(status.out).toMatch(
      /now study: .*; waits: today's black-box queries are spent \(policy\.yaml\), goes on \d{4}-/,
    );
    expect(status.out).toContain(`of ${DAILY} (policy.yaml)`);

    // A broken file changes nothing, and is noticed.
    await writeFile(home.policy, "budgetPerDay: 1000\nbudgetPerDai: 7\n");
    const faulty = await until("notices the fault", ({ lastError }) => lastError?.code === "POLICY_FAULTY");
    expect(faulty.studies[0].waiting?.reason).toBe("daily-budget");
    expect(await asked()).toBe(spent);

    await policy("1000");
    await federation.until("completed", ({ status: word }) => word === "completed");
    const ends = await Promise.all(SITES.map((site) => federation.running.get(site)!.ended));
    expect(ends).toEqual([0, 0, 0]);
    const report = JSON.parse(await readFile(join(federation.out("north"), "report.json"), "utf8"));
    expect(await asked()).toBe(report.queries);
    expect((await readAgentState(home))?.studies[0].waiting).toBeUndefined();
    const log = await readFile(home.log, "utf8");
    expect(log).toContain('"code":"daily-budget"');
    expect(log).not.toContain("policy.yaml");
  });
});

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { updateLength } from "@fedbaps/core/federation/update.js";
import { rosterWords } from "@fedbaps/core/secagg/roster.js";
import { Agent } from "@fedbaps/site-agent/agent.js";
import { Connection } from "@fedbaps/site-agent/connection.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { loadIdentity } from "@fedbaps/site-agent/identity.js";
import { loadMembership } from "@fedbaps/site-agent/membership.js";
import { fixedPolicy } from "@fedbaps/site-agent/policy/live-policy.js";
import { readPolicy } from "@fedbaps/site-agent/policy.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runWith } from "../support/command-line.js";
import { defaultCount } from "../support/default-study.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { random } from "../unit/site-agent/make-runner.js";
import { type StubOptions, stubTraining } from "../unit/site-agent/stub-training.js";
import { api, signSites, start } from "./coordinator-support.js";

removeTemporaryFolders();

const SITES = ["aa", "bb", "cc"];
const STUDY = { name: "study", rounds: 3, personalShare: 0, budget: 1000, participation: { sites: SITES } };

let coordinator: Coordinator;
let token: string;
let folder: string;

const homeOf = (site: string) => new Home(join(folder, site));

const cli = (env: Record<string, string>, ...argv: string[]) => runWith({ env }, ...argv);

async function makeAgent(site: string, options: StubOptions) {
  const home = homeOf(site);
  const { open, bought } = stubTraining(options);
  const lines: string[] = [];
  const components = {
    home,
    identity: await loadIdentity(home),
    membership: await loadMembership(home),
    policy: fixedPolicy(await readPolicy(home)),
    clock: systemClock,
    random,
    logger: silentLogger,
    openTraining: open,
    show: () => {},
    say: (line: string) => void lines.push(line),
  };
  return { agent: new Agent(components, { once: true, out: join(folder, `out-${site}`) }), bought, lines };
}

beforeAll(async () => {
  folder = await temporaryFolder();
  coordinator = await start();
  token = coordinator.newAdminToken!;
});

afterAll(() => coordinator.close());

describe("a site, from init to the report", () => {
  it("enrols, and waits for the study lead's approval", async () => {
    for (const site of SITES) {
      const home = homeOf(site).folder;
      expect((await cli({}, "init", "--home", home, "--site", site)).status).toBe(0);
      const { code } = await api<{ code: string }>(coordinator.url, token, "POST", "/invites", { site });
      const enrolment = ["enroll", "--home", home, "--coordinator", coordinator.url, "--json"];
      const env = { FEDBAPS_INVITE_CODE: code };
      const enrolled = await cli(env, ...enrolment, "--fingerprint", coordinator.fingerprint);
      expect(enrolled).toMatchObject({ status: 0, err: "" });
      expect(JSON.parse(enrolled.out)).toMatchObject({ site, coordinatorFingerprint: coordinator.fingerprint });
    }
    const early = await cli({}, "study", "list", "--home", homeOf("aa").folder);
    expect(early).toMatchObject({ status: 1, err: expect.stringContaining("not approved this site yet") });
    for (const site of SITES) await api(coordinator.url, token, "POST", `/sites/${site}/approve`);
  });

  it("accepts the roster by the words that the study lead reads out, and by no others", async () => {
    const home = homeOf("aa").folder;
    expect(await cli({}, "roster", "show", "--home", home)).toMatchObject({
      status: 1,
      err: expect.stringContaining("no roster yet"),
    });
    const words = rosterWords((await signSites(coordinator.url, token)).roster);
    const shown = await cli({}, "roster", "show", "--home", home);
    expect(shown.out).toContain(words);
    const accept = (...more: string[]) => cli({}, "roster", "accept", "--home", home, ...more);
    expect(await accept()).toMatchObject({ status: 2, err: expect.stringContaining("--words") });
    expect(await accept("--words", words.split(" ").slice(1).join(" "))).toMatchObject({
      status: 2,
      err: expect.stringContaining("these are 7 words, and a roster has 8"),
    });
    const wrong = `${words.split(" ").slice(1).join(" ")} zoo`;
    expect(await accept("--words", wrong)).toMatchObject({
      status: 1,
      err: expect.stringContaining("not the words of this roster"),
    });
    for (const site of SITES)
      expect(
        await cli({}, "roster", "accept", "--home", homeOf(site).folder, "--words", words.toUpperCase()),
      ).toMatchObject({ status: 0 });
    expect(JSON.parse((await cli({}, "roster", "show", "--json", "--home", home)).out)).toMatchObject({
      accepted: true,
      version: 1,
      sites: SITES,
    });
  });

  it("signs nothing for a coordinator with another key than the pinned one", async () => {
    const home = homeOf("aa");
    const [identity, membership] = [await loadIdentity(home), await loadMembership(home)];
    const states: (string | undefined)[] = [];
    const connection = new Connection(
      {
        identity,
        membership: { ...membership, publicKey: `${"A".repeat(43)}=` },
        clock: systemClock,
        random,
        logger: silentLogger,
      },
      {
        studies: () => states.push("studies"),
        roster: () => states.push("roster"),
        instruction: () => {},
        state: (_, code) => void states.push(code),
      },
    );
    connection.start();
    while (!states.includes("COORDINATOR_KEY")) await new Promise((resolve) => setTimeout(resolve, 10));
    connection.stop();
    expect(states).not.toContain("studies");
  });

  it("is shown what a study means, and takes part only if it says so", async () => {
    await api(coordinator.url, token, "POST", "/studies", STUDY);
    await api(coordinator.url, token, "POST", "/studies/study/start");
    const home = homeOf("aa").folder;
    const shown = await cli({}, "study", "show", "study", "--home", home);
    for (const words of ["masked vector", "images, masks", "1000 black-box queries", "decision: undecided"])
      expect(shown.out).toContain(words);
    expect((await cli({}, "study", "approve", "other", "--home", home)).err).toContain("it offers: study");
    for (const site of SITES)
      expect((await cli({}, "study", "approve", "study", "--home", homeOf(site).folder)).status).toBe(0);
  });

  it("runs the study to its end, one agent stopped and started again on the way, all with the same bits", async () => {
    const stop = new AbortController();
    const first = await makeAgent("bb", { target: 2, beforeStep: (step) => void (step === 6 && stop.abort()) });
    const never = new AbortController().signal;
    const others = [await makeAgent("aa", { target: 1 }), await makeAgent("cc", { target: 3 })];
    const running = others.map(({ agent }) => agent.run(never));
    expect(await first.agent.run(stop.signal)).toBe(0);
    const second = await makeAgent("bb", { target: 2 });
    expect(await Promise.all([...running, second.agent.run(never)])).toEqual([0, 0, 0]);

    expect(first.bought.steps + second.bought.steps).toBe(12);
    expect(first.bought.validations + second.bought.validations).toBe(4);
    const hash = JSON.parse(await readFile(homeOf("aa").approvals, "utf8")).decisions[0].hash;
    const thetas = [];
    for (const site of SITES) thetas.push(await (await StudyStore.open(homeOf(site), "study", hash)).version(3));
    expect(thetas[0]![0]).toBeGreaterThan(0.5);
    expect(thetas[1]).toEqual(thetas[0]);
    expect(thetas[2]).toEqual(thetas[0]);

    const study = await api<{ status: string; completed: number }>(coordinator.url, token, "GET", "/studies/study");
    expect(study).toMatchObject({ status: "completed", completed: 3 });
    expect(JSON.stringify(study)).not.toContain("adaptedDice");
    const report = JSON.parse(await readFile(join(folder, "out-bb", "report.json"), "utf8"));
    expect(report).toMatchObject({ site: "bb", deployed: true, queries: 12 * 16 + 4 * 4 + 2 * 5 });
    expect(report.curve).toHaveLength(4);
    expect(second.lines.at(-1)).toContain(`decoder.safetensors are in ${join(folder, "out-bb")}`);
  });

  it("tells on one page what came of it, what was sent and who was in the sums, over both runs of the agent", async () => {
    const out = join(folder, "report.html");
    const home = homeOf("bb").folder;
    const { status, out: text } = await cli(
      {},
      "report",
      "study",
      "--home",
      home,
      "--no-pictures",
      "--json",
      "--out",
      out,
    );
    const { sent, participation, ...rest } = JSON.parse(text);
    // The folder that run --out wrote is the same study, with all that the home knows of it.
    const copy = await cli(
      {},
      "report",
      join(folder, "out-bb"),
      "--home",
      home,
      "--no-pictures",
      "--json",
      "--out",
      out,
    );
    expect(copy.out).toBe(text);
    expect({ status, ...rest }).toMatchObject({
      status: 0,
      finished: true,
      deployed: true,
      queries: 12 * 16 + 4 * 4 + 2 * 5,
    });
    const round = { attempt: 1, survivors: SITES, dropped: [] };
    expect(participation).toEqual([1, 2, 3].map((n) => ({ round: n, ...round })));
    expect(sent.report.messages).toBe(1);
    // A masked vector in each round, and little around it.
    const { messages, bytes } = sent["reply/maskedInput"];
    expect(messages).toBe(3);
    const vectors = 3 * 4 * updateLength(defaultCount);
    expect(bytes).toBeGreaterThan(vectors);
    expect(bytes).toBeLessThan(vectors + 3 * 300);
    expect(await readFile(out, "utf8")).toContain("<code>reply/maskedInput</code>");
  });

  it("has nothing left to do afterwards, which is no failure", async () => {
    const { agent, bought } = await makeAgent("aa", {});
    expect(await agent.run(new AbortController().signal)).toBe(0);
    expect(bought).toEqual({ steps: 0, validations: 0, reports: 0 });
  });

  it("ends with a failure where the study is declined under way, or given up; later runs do not mind", async () => {
    const site = "aa";
    const home = homeOf(site);
    const never = new AbortController().signal;
    await api(coordinator.url, token, "POST", "/studies", { ...STUDY, name: "second" });
    await api(coordinator.url, token, "POST", "/studies/second/start");
    for (const each of SITES) await cli({}, "study", "approve", "second", "--home", homeOf(each).folder);
    const others = await Promise.all(["bb", "cc"].map((each) => makeAgent(each, {})));
    const running = others.map(({ agent }) => agent.run(never));
    const declined = await makeAgent(site, {
      beforeStep: async (step) => {
        if (step !== 1) return;
        await cli({}, "study", "decline", "second", "--home", home.folder);
        await new Promise((resolve) => setTimeout(resolve, 1500));
      },
    });
    expect(await declined.agent.run(never)).toBe(1);
    expect(declined.bought.steps).toBeLessThan(3);
    await api(coordinator.url, token, "POST", "/studies/second/abort");
    expect(await Promise.all(running)).toEqual([1, 1]);
    for (const each of SITES) expect(await (await makeAgent(each, {})).agent.run(never)).toBe(0);
  });
});

import { writeFile } from "node:fs/promises";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import { readDecisions } from "@fedbaps/site-agent/approvals.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { api, start, until } from "../integration/coordinator-support.js";
import { run } from "../support/command-line.js";
import { PolicySite, ShiftedClock } from "../support/policy-site.js";
import { SimulatedFederation } from "../support/simulated-federation.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { FrameSplitter } from "../support/websocket-frames.js";
import { WebSocketTap } from "../support/websocket-tap.js";
import type { StubOptions } from "../unit/site-agent/stub-training.js";

// Each rule of the policy on the running agent, with a real coordinator and every byte that leaves on its way.

removeTemporaryFolders();

const SITES = ["aa", "bb", "cc"];
/** 16 queries a step, 4 steps a round; 4 to validate a version, 10 to report. */
const SPEC: Partial<StudySpec> = { rounds: 2, personalShare: 0, budget: 1000 };
const DAY = 24 * 3_600_000;

describe("the policy of a running agent", () => {
  let coordinator: Coordinator;
  let tap: WebSocketTap;
  let federation: SimulatedFederation;
  let running: PolicySite[] = [];
  let begun: string[] = [];

  const ask = <T>(method: string, path: string, body?: unknown) =>
    api<T>(coordinator.url, coordinator.newAdminToken!, method, path, body);
  const homeOf = (site: string) => federation.sites.find((each) => each.site === site)!.home;
  const policyOf = (site: string, text: string) => writeFile(homeOf(site).policy, text);
  const command = (...argv: string[]) => run(...argv, "--home", homeOf("aa").folder);

  async function begin(study: string): Promise<void> {
    begun.push(study);
    await federation.create(study, SPEC);
  }

  /** Starts agents that nothing holds back at bb and cc, and returns that of aa. */
  async function serve(clock: ShiftedClock, pace: StubOptions = {}, once = true): Promise<PolicySite> {
    const aa = await PolicySite.start(homeOf("aa"), clock, pace, once);
    running = [aa];
    for (const site of ["bb", "cc"]) running.push(await PolicySite.start(homeOf(site), new ShiftedClock()));
    return aa;
  }

  /** What a site has sent over the wire since a mark, as text: one line for each message. */
  function sentBy(site: string, mark: number): string[] {
    for (const raw of tap.raw().slice(mark)) {
      const texts = new FrameSplitter()
        .push(raw)
        .map((part) => (Buffer.isBuffer(part) ? "" : part.payload.toString("latin1")));
      if (texts.some((text) => text.includes('"auth"') && text.includes(`"site":"${site}"`))) return texts;
    }
    return [];
  }

  const completed = (study: string) => federation.until(study, "completed", ({ status }) => status === "completed");

  beforeAll(async () => {
    coordinator = await start();
    tap = await WebSocketTap.start(Number(new URL(coordinator.url).port));
    const centre = { url: tap.url, fingerprint: coordinator.fingerprint, ask };
    federation = await SimulatedFederation.start(await temporaryFolder(), SITES, centre);
  });

  afterEach(async () => {
    await Promise.all(running.map((site) => site.stop()));
    for (const study of begun) await ask("POST", `/studies/${study}/abort`);
    begun = [];
    for (const site of SITES) await policyOf(site, "metrics: cohort\n");
  });

  afterAll(async () => {
    await federation?.close();
    await tap?.close();
    await coordinator?.close();
  });

  it.each([
    ["greedy", "budgetPerStudy: 999", /policy\.yaml:2: budgetPerStudy: 999, but the study may spend 1000/],
    ["lonely", "minCohort: 4", /policy\.yaml:2: minCohort: 4, but the study's rounds need only 3 sites/],
  ] as const)("a study that asks for more is refused and nothing is sent: %s", async (study, rule, line) => {
    await policyOf("aa", `# aa\n${rule}\n`);
    await begin(study);
    // Somebody approved it under another policy; now nobody could.
    const shown = await command("study", "show", study);
    expect(shown.out).toMatch(new RegExp(`against the policy: ${line.source}`));
    const mark = tap.raw().length;
    const before = await readDecisions(homeOf("aa"));
    const approving = await command("study", "approve", study);
    expect(approving).toMatchObject({ status: 1, out: "", err: expect.stringMatching(line) });
    expect(await readDecisions(homeOf("aa"))).toEqual(before);

    const aa = await serve(new ShiftedClock());
    await until("aa has said why", () => aa.lines.find((said) => line.test(said)));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const sent = sentBy("aa", mark + 1);
    expect(sent.some((text) => text.includes('"approvals",{"hashes":[]}'))).toBe(true);
    expect(sent.filter((text) => text.includes('"reply"') || text.includes('"progress"'))).toEqual([]);
    // Its proof, that it approves nothing, and a code: that is all.
    expect(sent.join("").length).toBeLessThan(1000);
    expect(aa.queries).toBe(0);

    // What the policy allows again is taken part in, without a restart.
    await aa.writePolicy("# aa: changed\n");
    await completed(study);
    expect(await aa.ended).toBe(0);
  });

  it("a policy that becomes stricter ends the work at its next step, and lets less leave; nothing is bought twice", async () => {
    await policyOf("aa", "metrics: own\nbudgetPerStudy: 1000\n");
    await begin("stricter");
    const mark = tap.raw().length;
    let reached = () => {};
    const sixth = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let free = () => {};
    const gate = new Promise<void>((resolve) => {
      free = resolve;
    });
    const beforeStep = async (step: number) => {
      if (step !== 5) return;
      reached();
      await gate;
    };
    const aa = await serve(new ShiftedClock(), { beforeStep }, false);
    await sixth;
    await aa.writePolicy("metrics: none\nbudgetPerStudy: 100\n");
    await until("it has stopped", () => aa.lines.find((said) => said.includes("policy.yaml:2: budgetPerStudy: 100")));
    free();
    await until("the code is known", async () =>
      (await aa.state())?.lastError?.code === "POLICY_REFUSED" ? true : undefined,
    );
    const stopped = sentBy("aa", mark);
    expect(stopped.filter((text) => text.includes('"code":"POLICY_REFUSED"'))).not.toEqual([]);
    const { steps } = aa.bought;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(aa.bought.steps).toBe(steps);

    await aa.writePolicy("metrics: none\nbudgetPerStudy: 1000 # enough\n");
    await completed("stricter");
    const sent = sentBy("aa", mark);
    const trained = sent.filter((text) => text.includes('"phase":"training"'));
    expect(trained[0]).toContain('"dice"');
    expect(trained.slice(1).join()).not.toContain('"dice"');
    const report = sent.find((text) => text.includes('["report"')) ?? "";
    expect(report).not.toContain("zeroShotDice");
    // 8 steps are planned; the one that was cut off was bought, and is bought again.
    expect(aa.bought.steps).toBeLessThanOrEqual(9);
  });

  it("in quiet hours the agent stays connected, asks nothing, and says why and until when; then it goes on", async () => {
    await policyOf("aa", 'timeZone: UTC\nquietHours: "22:00-06:00"\n');
    await begin("night");
    const clock = new ShiftedClock(Date.parse("2026-11-28T23:30:00Z") - Date.now());
    const aa = await serve(clock);
    const state = await until("it waits", async () => {
      const found = await aa.state();
      return found?.studies[0]?.waiting ? found : undefined;
    });
    expect(state).toMatchObject({
      link: { state: "admitted" },
      studies: [{ study: "night", waiting: { reason: "quiet-hours", until: "2026-11-29T06:00:00.000Z" } }],
    });
    expect(aa.lines.filter((line) => line.includes("waits: policy.yaml:2: quietHours: [22:00-06:00]"))).toHaveLength(1);
    const { activity } = JSON.parse((await command("status", "--json")).out);
    expect(activity.studies[0].waiting.reason).toBe("quiet-hours");
    await until("the others have trained", async () =>
      (await federation.study("night"))?.round?.phase === "training" ? true : undefined,
    );
    const site = (await ask<{ sites: { site: string; connected: boolean }[] }>("GET", "/sites")).sites;
    expect(site.find(({ site: name }) => name === "aa")).toMatchObject({ connected: true });
    expect(aa.queries).toBe(0);
    clock.shift(6.6 * 3_600_000);
    await completed("night");
    expect(await aa.ended).toBe(0);
    expect((await aa.state())?.studies[0]?.waiting).toBeUndefined();
  });

  it("can be stopped in the middle of a wait", async () => {
    await policyOf("aa", 'timeZone: UTC\nquietHours: "22:00-06:00"\n');
    await begin("stop");
    const aa = await serve(new ShiftedClock(Date.parse("2026-11-28T23:30:00Z") - Date.now()));
    await until("it waits", async () => ((await aa.state())?.studies[0]?.waiting ? true : undefined));
    await aa.stop();
    expect(aa.queries).toBe(0);
  });

  it("spends no more than the day's queries in a day, waits for midnight as often as it takes, and loses none", async () => {
    await policyOf("aa", "timeZone: UTC\nbudgetPerDay: 70\n");
    await begin("days");
    const clock = new ShiftedClock(Date.parse("2027-01-04T20:00:00Z") - Date.now());
    const aa = await serve(clock);
    const days: string[] = [];
    for (;;) {
      const waiting = await until("it waits or is done", async () => {
        const view = await federation.study("days");
        if (view?.status === "completed") return "done";
        const found = (await aa.state())?.studies.find(({ study }) => study === "days")?.waiting;
        return found && Date.parse(found.until ?? "") > clock.now() ? found.reason : undefined;
      });
      days.push(new Date(clock.now()).toISOString().slice(0, 10));
      if (waiting === "done") break;
      expect(waiting).toBe("daily-budget");
      clock.shift(DAY);
    }
    expect(await aa.ended).toBe(0);
    const asked = await Promise.all(days.map((day) => aa.askedOn(day)));
    for (const count of asked) expect(count).toBeLessThanOrEqual(70);
    expect(asked.reduce((sum, count) => sum + count, 0)).toBe(aa.queries);
    // What it would have spent without a limit: no step is cut off by waiting.
    expect([aa.bought.steps, running[1].bought.steps]).toEqual([8, 8]);
    expect(days.length).toBeGreaterThan(2);
  });
});

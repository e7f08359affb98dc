import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GatedModel } from "@fedbaps/core/blackbox/gate.js";
import { freshMeter, MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import { type OpenOptions, openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { drawScene } from "@fedbaps/core/blackbox/probe.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { fixedPolicy, LivePolicy } from "@fedbaps/site-agent/policy/live-policy.js";
import { limitThreads } from "@fedbaps/site-agent/policy/opening.js";
import { type Pause, PolicyGate, stopAtPause, waitOutPause } from "@fedbaps/site-agent/policy/query-gate.js";
import { parsePolicy, policySchema } from "@fedbaps/site-agent/policy.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { removeTemporaryFolders, temporaryFolder } from "../../../support/temporary-folder.js";
import { SteppedClock } from "../../../support/waiting-clocks.js";

removeTemporaryFolders();

const settled = () => new Promise((resolve) => setTimeout(resolve, 15));
/** On a machine with other work to do, files take their time. */
const until = async (what: () => boolean) => {
  for (let i = 0; i < 300 && !what(); i++) await settled();
};
const AT_TEN = Date.parse("2026-11-28T10:00:00Z");

async function gate(text: string, init: { wait?: boolean; now?: number; folder?: string } = {}) {
  const clock = new SteppedClock(init.now ?? AT_TEN);
  const policy = fixedPolicy(parsePolicy(`timeZone: UTC\n${text}`, "policy.yaml"));
  const pauses: Pause[] = [];
  let over = 0;
  const wait = waitOutPause(clock);
  const made = new PolicyGate({
    policy,
    clock,
    ledgerFolder: init.folder ?? (await temporaryFolder()),
    pause: (pause, signal) => {
      pauses.push(pause);
      return init.wait ? wait(pause, signal) : stopAtPause(pause);
    },
    over: () => void over++,
  });
  /** Moves the clock on, in steps in which the gate looks again. */
  const pass = async (milliseconds: number, steps: number) => {
    for (let i = 0; i < steps; i++) {
      clock.advance(milliseconds / steps);
      await settled();
    }
  };
  return { made, clock, pauses, pass, over: () => over };
}

describe("the gate before the black box", () => {
  it("stops a command in quiet hours, with the line of the policy and the hour", async () => {
    const { made } = await gate('quietHours: "09:00-17:00"');
    await expect(made.enter({ queries: 1 })).rejects.toMatchObject({
      code: "QUIET_HOURS",
      message: expect.stringMatching(
        /^policy\.yaml:2: quietHours: \[09:00-17:00\].*until 2026-11-28 17:00.*same command/,
      ),
    });
  });

  it("stops a command when the day's queries are spent, and lets it go on the next day", async () => {
    const { made, clock } = await gate("budgetPerDay: 20");
    await (await made.enter({ queries: 16 }))(true);
    await (await made.enter({ queries: 4 }))(false);
    await (await made.enter({ queries: 4 }))(true);
    await expect(made.enter({ queries: 1 })).rejects.toMatchObject({
      code: "DAILY_BUDGET",
      message: expect.stringMatching(/^policy\.yaml:2: budgetPerDay: 20: 20 queries.*2026-11-29 00:00/),
    });
    clock.advance(14 * 3_600_000);
    await made.enter({ queries: 20 });
  });

  it("makes the agent wait to the end of quiet hours, and says so", async () => {
    const { made, pauses, pass, over } = await gate('quietHours: "09:00-11:00"', { wait: true });
    let inside = false;
    void made.enter({ queries: 1 }).then(() => {
      inside = true;
    });
    await until(() => pauses.length > 0);
    expect(pauses[0]).toMatchObject({ reason: "quiet-hours", until: Date.parse("2026-11-28T11:00:00Z") });
    await pass(3_599_000, 2);
    expect([inside, over()]).toEqual([false, 0]);
    await pass(1000, 1);
    await until(() => inside);
    expect([inside, over()]).toEqual([true, 1]);
  });

  it("makes the agent wait to midnight", async () => {
    const { made, pauses, pass } = await gate("budgetPerDay: 8", { wait: true, now: AT_TEN + 13 * 3_600_000 });
    await made.enter({ queries: 8 });
    let inside = false;
    void made.enter({ queries: 8 }).then(() => {
      inside = true;
    });
    await until(() => pauses.length > 0);
    expect(pauses.at(-1)).toMatchObject({ reason: "daily-budget", until: Date.parse("2026-11-29T00:00:00Z") });
    await pass(3_599_000, 1);
    expect(inside).toBe(false);
    await pass(1000, 1);
    await until(() => inside);
    expect(inside).toBe(true);
  });

  it("lets a wait be ended by the signal, and leaves no timer", async () => {
    const { made, clock } = await gate('quietHours: "09:00-11:00"', { wait: true });
    const stop = new AbortController();
    const waiting = made.enter({ queries: 1 }, stop.signal);
    await until(() => clock.pending.length > 0);
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    expect(clock.pending).toEqual([]);
  });

  it("refuses a call that no day has room for, instead of waiting for ever", async () => {
    const { made } = await gate("budgetPerDay: 7", { wait: true });
    await expect(made.enter({ queries: 8 })).rejects.toMatchObject({ code: "POLICY_REFUSED" });
  });

  it("asks no server that the policy has stopped to name", async () => {
    const { made } = await gate("blackboxHosts: [ai.example.org]");
    await made.enter({ queries: 1, remote: "https://ai.example.org" });
    await expect(made.enter({ queries: 1, remote: "https://other.example.org" })).rejects.toMatchObject({
      code: "BLACKBOX_REFUSED",
    });
  });

  it("counts without a limit too, and a home that cannot be written to is no hindrance then", async () => {
    const folder = await temporaryFolder();
    const free = await gate("budgetPerDay: none", { folder });
    await (await free.made.enter({ queries: 8 }))(true);
    const limited = await gate("budgetPerDay: 9", { folder });
    await expect(limited.made.enter({ queries: 2 })).rejects.toMatchObject({ code: "DAILY_BUDGET" });
    const file = join(folder, "file");
    await writeFile(file, "");
    await (await (await gate("budgetPerDay: none", { folder: file })).made.enter({ queries: 1 }))(true);
    await expect((await gate("budgetPerDay: 5", { folder: file })).made.enter({ queries: 1 })).rejects.toThrow();
  });
});

describe("a policy that is changed while a program runs", () => {
  async function live(text: string) {
    const home = new Home(await temporaryFolder());
    await writeFile(home.policy, text);
    const clock = new SteppedClock(AT_TEN);
    const lines: string[] = [];
    const policy = await LivePolicy.open(home, clock, (line) => lines.push(line));
    const look = async () => {
      clock.advance(1000);
      await policy.refresh();
    };
    return { home, policy, look, lines };
  }

  it("counts when two looks have found the same file", async () => {
    const { home, policy, look, lines } = await live("budgetPerDay: 10\n");
    await writeFile(home.policy, "budgetPerDay: 5 \n");
    await look();
    expect(policy.rules.budgetPerDay).toBe(10);
    await look();
    expect(policy.rules.budgetPerDay).toBe(5);
    expect(lines).toEqual([expect.stringContaining("has changed")]);
    await look();
    expect(lines).toHaveLength(1);
  });

  it("keeps the last good rules where it has a fault or is gone, says so once, and takes the mended file", async () => {
    const { home, policy, look, lines } = await live("minCohort: 5\nbudgetPerDay: 10\n");
    await writeFile(home.policy, "minCohort: 5\nbudgetPerDai: 10\n");
    for (let i = 0; i < 4; i++) await look();
    expect(policy.rules).toMatchObject({ minCohort: 5, budgetPerDay: 10 });
    expect(policy.faulty).toBe(true);
    expect(lines).toEqual([expect.stringMatching(/line 2: there is no key budgetPerDai; the rules of before stay/)]);
    await rm(home.policy);
    for (let i = 0; i < 4; i++) await look();
    expect(policy.rules.minCohort).toBe(5);
    expect(lines.at(-1)).toContain("is gone");
    await writeFile(home.policy, "minCohort: 6\n");
    for (let i = 0; i < 2; i++) await look();
    expect(policy.rules.minCohort).toBe(6);
    expect(policy.faulty).toBe(false);
  });
});

describe("a gated black box", () => {
  let model: Awaited<ReturnType<typeof openBlackBox>>;
  beforeAll(async () => {
    model = await openBlackBox("bundled");
  });
  afterAll(() => model.close());

  it("is asked when the gate says so; the wait is not the black box's time", async () => {
    const clock = new SteppedClock();
    const gated = new GatedModel(model, {
      enter: async () => {
        clock.advance(60_000);
        return async () => {};
      },
    });
    const meter = new QueryMeter(10, clock);
    const { image, prompt } = drawScene(0);
    await new MeteredModel(gated, meter, "report").segment([image], [prompt]);
    expect(meter.state).toMatchObject({ report: 1, seconds: 0 });
  });

  it("is not asked when the gate refuses, and nothing is counted", async () => {
    let asked = 0;
    const inner = {
      ...model,
      description: model.description,
      segment: async () => {
        asked++;
        return [];
      },
      close: async () => {},
    };
    const refusing = new GatedModel(inner, {
      enter: async () => {
        throw new Error("quiet");
      },
    });
    const meter = new QueryMeter(10, new SteppedClock());
    const { image, prompt } = drawScene(0);
    await expect(new MeteredModel(refusing, meter, "train").segment([image], [prompt])).rejects.toThrow("quiet");
    await expect(refusing.segment([image], [prompt])).rejects.toThrow("quiet");
    expect([asked, meter.state]).toEqual([0, freshMeter]);
  });

  it("says of every call how it ended", async () => {
    const ends: boolean[] = [];
    const gate = { enter: async () => async (answered: boolean) => void ends.push(answered) };
    const { image, prompt } = drawScene(0);
    await new GatedModel(model, gate).segment([image], [prompt]);
    await expect(new GatedModel(model, gate).segment([image], [])).rejects.toThrow();
    expect(ends).toEqual([true, false]);
  });
});

describe("threads", () => {
  const known = existsSync("/proc/self/task");
  if (!known) console.warn("skipped: no /proc here, so threads cannot be counted");
  /** In a process of its own: in this one others begin and end meanwhile. */
  const threadsOf = (openings: readonly [spec: string, options: OpenOptions][]): number[] => {
    const script = new URL("../../../support/count-threads.mjs", import.meta.url);
    const { stdout } = spawnSync(process.execPath, [fileURLToPath(script), JSON.stringify(openings)]);
    return JSON.parse(String(stdout));
  };

  (known ? it : it.skip)("of the black box: the policy's number is a ceiling, also over that of the spec", () => {
    const openings: [spec: string, options: OpenOptions, threads: number][] = [
      ["bundled#threads=4", {}, 4],
      ["bundled#threads=4", { maxThreads: 2 }, 2],
      ["bundled", { threads: 4, maxThreads: 1 }, 0],
      ["bundled", { maxThreads: 4 }, 0],
    ];
    expect(threadsOf(openings.map(([spec, options]) => [spec, options]))).toEqual(openings.map(([, , count]) => count));
  });

  it("a number that no machine has is a mistake, ceiling or not", async () => {
    await expect(openBlackBox("bundled#threads=300", { maxThreads: 1 })).rejects.toMatchObject({
      code: "BLACKBOX_UNKNOWN",
    });
  });

  it("of pictures: no more than the policy's, and never more than there were", () => {
    const before = sharp.concurrency();
    limitThreads(policySchema.parse({ maxThreads: 1 }));
    expect(sharp.concurrency()).toBe(1);
    limitThreads(policySchema.parse({ maxThreads: 64 }));
    expect(sharp.concurrency()).toBe(1);
    sharp.concurrency(before);
  });
});

import { readFile } from "node:fs/promises";
import { LinkNews } from "@fedbaps/site-agent/agent-link-news.js";
import { readAgentState, stateFile } from "@fedbaps/site-agent/agent-state.js";
import { AgentStateWriter } from "@fedbaps/site-agent/agent-state-writer.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { AgentPauses } from "@fedbaps/site-agent/policy/agent-pauses.js";
import type { Pause } from "@fedbaps/site-agent/policy/query-gate.js";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { SteppedClock } from "../../support/waiting-clocks.js";

removeTemporaryFolders();

const NOON = Date.parse("2026-11-28T12:00:00Z");
const TRAINING = { study: "lesions", phase: "training", round: 2, rounds: 4, queries: 320, budget: 1500 };

async function writer() {
  const home = new Home(await temporaryFolder());
  const clock = new SteppedClock(NOON);
  const made = new AgentStateWriter({ home, clock, pid: 77 });
  const written = async (wanted: (at: string) => boolean) => {
    for (let i = 0; i < 200; i++) {
      const state = await readAgentState(home);
      if (state && wanted(state.at)) return state;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error("nothing was written");
  };
  return { home, clock, made, written };
}

const at = (seconds: number) => new Date(NOON + 1000 * seconds).toISOString();

describe("state.json", () => {
  it("says what the agent does, in codes and numbers, once a second at most", async () => {
    const { clock, made, written } = await writer();
    made.link("admitted");
    clock.advance(0);
    expect(await written((time) => time === at(0))).toMatchObject({
      pid: 77,
      link: { state: "admitted", since: at(0) },
    });
    clock.advance(200);
    made.study({ ...TRAINING, stepsDone: 3, stepsPlanned: 20, secondsLeft: 90 });
    made.failed("BLACKBOX_TIMEOUT", "lesions");
    // Both in one write, when the second is over.
    expect(clock.pending).toEqual([800]);
    clock.advance(800);
    const state = await written((time) => time === at(1));
    expect(state).toMatchObject({
      lastError: { at: at(0.2), code: "BLACKBOX_TIMEOUT", study: "lesions" },
      studies: [{ study: "lesions", phase: "training", round: 2, stepsDone: 3, queries: 320, secondsLeft: 90 }],
    });
    // And once a minute where nothing changes: it lives.
    clock.advance(60_000);
    await written((time) => time === at(61));
  });

  it("says why a study waits and until when, and that it does not any more", async () => {
    const { clock, made, written } = await writer();
    made.study(TRAINING);
    made.study({ ...TRAINING, study: "done", phase: "done" });
    made.waiting({ reason: "quiet-hours", until: NOON + 3_600_000, line: "a path /data/mueller" });
    clock.advance(1000);
    const [lesions, done] = (await written(() => true)).studies;
    expect(lesions.waiting).toEqual({ reason: "quiet-hours", until: at(3600) });
    // What is over waits for nothing.
    expect(done.waiting).toBeUndefined();
    made.waiting(undefined);
    clock.advance(1000);
    expect((await written((time) => time > at(1))).studies[0].waiting).toBeUndefined();
  });

  it("keeps since when a link is as it is, and is written for the last time at the end", async () => {
    const { home, clock, made } = await writer();
    made.link("lost", "DNS_FAILED");
    clock.advance(30_000);
    made.link("lost", "PROXY_AUTH");
    // A refusal ends the link too, which is told without a code.
    made.link("lost");
    clock.advance(500);
    await made.stop();
    expect(await readAgentState(home)).toMatchObject({
      at: at(30.5),
      link: { state: "lost", since: at(0), code: "PROXY_AUTH" },
    });
    expect(clock.pending).toEqual([]);
    expect(await readFile(stateFile(home), "utf8")).not.toContain("mueller");
  });

  it("is no hindrance where it cannot be written", async () => {
    const home = new Home("/proc/no-such-folder");
    const made = new AgentStateWriter({ home, clock: new SteppedClock(NOON), pid: 1 });
    made.link("admitted");
    await made.stop();
  });
});

describe("what is said of the link", () => {
  it("is said at the first try, then every few minutes, and at once for another reason", () => {
    const clock = new SteppedClock(NOON);
    const lines: string[] = [];
    const news = new LinkNews(clock, (line) => lines.push(line));
    for (let second = 0; second < 600; second += 15) {
      news.changed("lost", "DNS_FAILED");
      // A link that breaks says first that it is lost, and only then why.
      news.changed("lost");
      if (second === 60) news.changed("lost", "PROXY_AUTH");
      clock.advance(15_000);
    }
    expect(lines.filter((line) => line.includes("resolved"))).toHaveLength(2);
    expect(lines.filter((line) => line.includes("proxy wants"))).toHaveLength(1);
    news.changed("admitted");
    news.changed("lost", "DNS_FAILED");
    expect(lines.slice(-2)).toEqual(["connected to the coordinator", expect.stringContaining("not connected")]);
  });
});

describe("the agent's pauses", () => {
  it("are said once, however many calls wait and however often they look", async () => {
    const clock = new SteppedClock(NOON);
    const lines: string[] = [];
    const changes: (Pause | undefined)[] = [];
    const pauses = new AgentPauses({
      clock,
      say: (line) => lines.push(line),
      changed: (pause) => changes.push(pause),
    });
    const pause: Pause = { reason: "daily-budget", until: NOON + 60_000, line: "policy.yaml:3: budgetPerDay: 100" };
    for (let i = 0; i < 3; i++) {
      const both = Promise.all([pauses.pause(pause), pauses.pause(pause)]);
      clock.advance(5000);
      await both;
    }
    pauses.over();
    pauses.over();
    expect(lines).toEqual(["waits: policy.yaml:3: budgetPerDay: 100"]);
    expect(changes).toEqual([pause, undefined]);
  });
});

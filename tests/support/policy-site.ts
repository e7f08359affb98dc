import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { Agent } from "@fedbaps/site-agent/agent.js";
import { type AgentState, readAgentState } from "@fedbaps/site-agent/agent-state.js";
import { AgentStateWriter } from "@fedbaps/site-agent/agent-state-writer.js";
import type { Home } from "@fedbaps/site-agent/home.js";
import { loadIdentity } from "@fedbaps/site-agent/identity.js";
import { loadMembership } from "@fedbaps/site-agent/membership.js";
import { AgentPauses } from "@fedbaps/site-agent/policy/agent-pauses.js";
import { LivePolicy } from "@fedbaps/site-agent/policy/live-policy.js";
import { openUnderPolicy } from "@fedbaps/site-agent/policy/opening.js";
import { random } from "../unit/site-agent/make-runner.js";
import { STEP_QUERIES, type StubOptions, stubTraining } from "../unit/site-agent/stub-training.js";

/** Waits are so many times shorter than in production. */
const HURRY = 10;

/** A clock that runs with this computer's, some time apart, and whose waits are short. */
export class ShiftedClock implements Clock {
  constructor(private offset = 0) {}

  now(): number {
    return Date.now() + this.offset;
  }

  shift(milliseconds: number): void {
    this.offset += milliseconds;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = setTimeout(callback, milliseconds / HURRY);
    return () => clearTimeout(timer);
  }
}

/**
 * The real agent on a home that is enrolled already, put together as `run` does it, policy, gate and state.json and all;
 * only the training behind the gate takes no time.
 */
export class PolicySite {
  readonly lines: string[] = [];
  readonly bought = { steps: 0, images: 0 };
  readonly #stop = new AbortController();
  #ended: Promise<number> = Promise.resolve(0);

  private constructor(
    readonly home: Home,
    readonly clock: ShiftedClock,
  ) {}

  static async start(home: Home, clock: ShiftedClock, options: StubOptions = {}, once = true): Promise<PolicySite> {
    const site = new PolicySite(home, clock);
    const say = (line: string) => void site.lines.push(line);
    const policy = await LivePolicy.open(home, clock, say);
    const state = new AgentStateWriter({ home, clock, pid: process.pid });
    const pauses = new AgentPauses({ clock, say, changed: (pause) => state.waiting(pause) });
    const { gate } = await openUnderPolicy({ home, policy, clock, pause: pauses.pause, over: pauses.over });
    const ask = async (queries: number) => {
      const leave = await gate?.enter({ queries }, site.#stop.signal);
      await leave?.(true);
    };
    const { open } = stubTraining({
      ...options,
      beforeStep: async (step) => {
        await options.beforeStep?.(step);
        await ask(STEP_QUERIES);
        site.bought.steps++;
      },
      beforeImage: async (image) => {
        await options.beforeImage?.(image);
        await ask(1);
        site.bought.images++;
      },
    });
    const agent = new Agent(
      {
        home,
        identity: await loadIdentity(home),
        membership: await loadMembership(home),
        policy,
        clock,
        random,
        logger: silentLogger,
        openTraining: open,
        state,
        show: (figures) => state.study(figures),
        say,
      },
      { once },
    );
    site.#ended = agent.run(site.#stop.signal);
    return site;
  }

  /** The exit status. */
  get ended(): Promise<number> {
    return this.#ended;
  }

  get queries(): number {
    return STEP_QUERIES * this.bought.steps + this.bought.images;
  }

  state(): Promise<AgentState | undefined> {
    return readAgentState(this.home);
  }

  writePolicy(text: string): Promise<void> {
    return writeFile(this.home.policy, text);
  }

  /** What was asked on a day, by the home's own count. */
  async askedOn(day: string): Promise<number> {
    const text = await readFile(join(this.home.folder, "queries", `${day}.jsonl`), "utf8").catch(() => "");
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.reduce((sum, line) => sum + Number(JSON.parse(line).queries), 0);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { Agent } from "@fedbaps/site-agent/agent.js";
import { decide } from "@fedbaps/site-agent/approvals.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { loadIdentity } from "@fedbaps/site-agent/identity.js";
import { loadMembership } from "@fedbaps/site-agent/membership.js";
import { fixedPolicy } from "@fedbaps/site-agent/policy/live-policy.js";
import { readPolicy } from "@fedbaps/site-agent/policy.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { random } from "../unit/site-agent/make-runner.js";
import { type StubOptions, stubTraining } from "../unit/site-agent/stub-training.js";
import { runWith } from "./command-line.js";
import { FaultProxy } from "./fault-proxy.js";

/** The agents' waits are so many times shorter than in production. */
const HURRY = 10;

/** How a coordinator is reached and asked, wherever it runs. */
export interface Centre {
  readonly url: string;
  readonly fingerprint: string;
  ask<T>(method: string, path: string, body?: unknown): Promise<T | undefined>;
}

/** What a site has paid for and made of a study at its end. */
export interface Outcome {
  /** What its lives have asked the black box for, as the black box would count it. */
  readonly steps: number;
  readonly images: number;
  /** What it reports. */
  readonly queries: number;
  /** SHA-256 of the newest parameters: the shared decoder's, or what its own fine-tuning made of them. */
  readonly decoder: string;
}

interface Life {
  dead: boolean;
  readonly timers: Set<NodeJS.Timeout>;
  readonly ended: Promise<number>;
}

/**
 * A whole site in this process: the real agent on a home of its own, with a training that takes no time, behind a network
 * that can be spoilt. Killing it freezes whatever it does and cuts its links: the next life has the disk, and nothing else.
 */
export class SimulatedSite {
  #life: Life | undefined;
  #steps = 0;
  #images = 0;
  /** Everything that was said to the person who watches. */
  readonly lines: string[] = [];

  private constructor(
    readonly site: string,
    readonly home: Home,
    readonly network: FaultProxy,
    private readonly options: StubOptions,
  ) {}

  /** Makes the home, enrols through the network, and is let in. */
  static async enrol(folder: string, site: string, centre: Centre, options: StubOptions = {}): Promise<SimulatedSite> {
    const network = await FaultProxy.start(Number(new URL(centre.url).port));
    const made = new SimulatedSite(site, new Home(join(folder, site)), network, options);
    await made.#command({}, "init", "--site", site);
    const invite = await centre.ask<{ code: string }>("POST", "/invites", { site });
    const env = { FEDBAPS_INVITE_CODE: invite?.code ?? "" };
    await made.#command(env, "enroll", "--coordinator", network.url, "--fingerprint", centre.fingerprint);
    await centre.ask("POST", `/sites/${site}/approve`);
    return made;
  }

  acceptRoster(words: string): Promise<void> {
    return this.#command({}, "roster", "accept", "--words", words);
  }

  /** What `study approve` writes down, for exactly this text. */
  approve(study: string, hash: string): Promise<void> {
    return decide(this.home, { study, hash, decision: "approved", at: new Date(0).toISOString() });
  }

  get alive(): boolean {
    return this.#life !== undefined;
  }

  /** Begins a life: the agent serves until its studies are over, or until it is killed. */
  async start(): Promise<void> {
    if (this.#life) throw new Error(`${this.site} is alive`);
    const { home, options } = this;
    const timers = new Set<NodeJS.Timeout>();
    const frozen = new Promise<never>(() => {});
    const alive = async (before: void | Promise<void>) => {
      await before;
      if (life.dead) await frozen;
    };
    const { open } = stubTraining({
      ...options,
      beforeStep: async (step) => {
        await alive(options.beforeStep?.(step));
        this.#steps++;
      },
      beforeImage: async (image) => {
        await alive(options.beforeImage?.(image));
        this.#images++;
      },
    });
    const clock: Clock = {
      now: Date.now,
      after: (milliseconds, callback) => {
        if (life.dead) return () => {};
        const timer = setTimeout(callback, milliseconds / HURRY);
        timers.add(timer);
        return () => {
          clearTimeout(timer);
          timers.delete(timer);
        };
      },
    };
    const agent = new Agent(
      {
        home,
        identity: await loadIdentity(home),
        membership: await loadMembership(home),
        policy: fixedPolicy(await readPolicy(home)),
        clock,
        random,
        logger: silentLogger,
        openTraining: open,
        show: () => {},
        say: (line) => void this.lines.push(line),
      },
      { once: true },
    );
    const never = new AbortController().signal;
    const life: Life = { dead: false, timers, ended: Promise.resolve().then(() => agent.run(never)) };
    this.#life = life;
    void life.ended.then(() => {
      if (this.#life === life) this.#life = undefined;
    });
  }

  /** Ends the life without warning. Resolves when nothing of it moves any more. */
  async kill(): Promise<void> {
    const life = this.#life;
    if (!life) return;
    life.dead = true;
    this.#life = undefined;
    for (const timer of life.timers) clearTimeout(timer);
    this.network.cut();
    await this.#still();
  }

  /** The exit status of the life in hand. */
  get ended(): Promise<number> {
    return this.#life?.ended ?? Promise.resolve(0);
  }

  /** What came of a study; the count of what was paid for begins anew. */
  async outcome(study: string): Promise<Outcome> {
    const [opened] = await StudyStore.read(this.home, study);
    if (opened?.kind !== "opened") throw new Error(`${this.site} has nothing of ${study}`);
    const store = await StudyStore.open(this.home, study, opened.hash);
    const [reported] = store.records("reported");
    const [newest] = await store.versions();
    const theta = await store.version(newest);
    const [steps, images] = [this.#steps, this.#images];
    this.#steps = this.#images = 0;
    return {
      steps,
      images,
      queries: reported?.report.queries ?? -1,
      decoder: theta ? sha256Hex(new Uint8Array(theta.buffer)) : "none",
    };
  }

  async close(): Promise<void> {
    await this.kill();
    await this.network.close();
  }

  /** Waits until the files under the home stay as they are: what was under way when it was killed has ended. */
  async #still(): Promise<void> {
    for (let before = "", same = 0; same < 3; ) {
      const now = await listing(this.home.folder);
      same = now === before ? same + 1 : 0;
      before = now;
      await sleep(15);
    }
  }

  async #command(env: Record<string, string>, ...argv: string[]): Promise<void> {
    const { status, err } = await runWith({ env }, ...argv, "--home", this.home.folder);
    if (status !== 0) throw new Error(`${argv.join(" ")}: ${err}`);
  }
}

async function listing(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).sort();
  const facts = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size, mtimeMs }) => `${name} ${size} ${mtimeMs}`,
        () => name,
      ),
    ),
  );
  return facts.join("\n");
}

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { run } from "./command-line.js";
import { FaultProxy } from "./fault-proxy.js";
import { Federation, STUDY } from "./federation.js";
import { KillableCoordinator } from "./killable-coordinator.js";
import type { StudyView } from "./simulated-federation.js";

/** What a study left at a site: what it says it has spent, and SHA-256 of its newest parameters. */
export interface Result {
  readonly queries: number;
  readonly decoder: string;
}

/** Waits of the coordinator are so many times shorter: repeated attempts pause for up to a minute. */
const SPEED = 20;

/**
 * Agents and coordinator as real processes, with a relay between them, all of which can be killed. The first study of the
 * federation runs undisturbed; what it leaves is what every later one of the same settings has to leave.
 */
export class DisturbedFederation {
  /** The last that each site's program said. */
  readonly #said = new Map<string, string>();

  private constructor(
    private readonly federation: Federation,
    readonly coordinator: KillableCoordinator,
    readonly network: FaultProxy,
    private readonly spec: Partial<StudySpec>,
    private readonly sites: readonly string[],
    readonly undisturbed: Readonly<Record<string, Result>>,
  ) {}

  static async start(folder: string, sites: readonly string[], spec: Partial<StudySpec>): Promise<DisturbedFederation> {
    let network: FaultProxy | undefined;
    const federation = await Federation.start(folder, {
      sites,
      images: 12,
      spec,
      between: async (port) => {
        network = await FaultProxy.start(port);
        return network.url;
      },
    });
    const running = sites.map((site) => federation.serve(site).ended);
    await federation.until("completed undisturbed", ({ status }) => status === "completed");
    await Promise.all(running);
    const undisturbed = await resultsOf(federation, sites, STUDY);
    federation.coordinator.running.process.kill("SIGKILL");
    await federation.coordinator.running.ended;
    const home = join(folder, "coordinator");
    const port = Number(new URL(federation.coordinator.url).port);
    const coordinator = await KillableCoordinator.start({ home, port, speed: SPEED });
    if (!network) throw new Error("no network");
    return new DisturbedFederation(federation, coordinator, network, spec, sites, undisturbed);
  }

  /** Makes a study like the first and starts it. The agents are not started. */
  async create(name: string): Promise<void> {
    const participation = { sites: [...this.sites], require: "all" as const };
    await this.coordinator.ask("POST", "/studies", { ...this.spec, name, participation });
    await this.coordinator.ask("POST", `/studies/${name}/start`);
    for (const site of this.sites) {
      const { status, err } = await run("study", "approve", name, "--home", this.federation.home(site));
      if (status !== 0) throw new Error(err);
    }
  }

  serve(site: string): void {
    const { process } = this.federation.serve(site);
    process.stderr?.on("data", (chunk) => this.#said.set(site, `${this.#said.get(site) ?? ""}${chunk}`.slice(-4000)));
  }

  serveAll(): void {
    for (const site of this.sites) this.serve(site);
  }

  /** SIGKILL, at once. */
  kill(site: string): void {
    this.federation.kill(site);
  }

  /** A wish to stop, as Ctrl-C or a service manager has it. */
  signal(site: string, signal: "SIGINT" | "SIGTERM"): void {
    this.federation.running.get(site)?.process.kill(signal);
  }

  /** How the process of a site that was started last ends. */
  ended(site: string): Promise<number | string> {
    return this.federation.running.get(site)?.ended ?? Promise.resolve("never started");
  }

  async finish(name: string, seconds = 150): Promise<{ view: StudyView; results: Record<string, Result> }> {
    let view: StudyView | undefined;
    for (const end = Date.now() + seconds * 1000; view?.status !== "completed"; await sleep(100)) {
      view = (await this.coordinator.ask<StudyView>("GET", `/studies/${name}`)) ?? view;
      if (Date.now() > end) throw new Error(`not completed within ${seconds} s: ${JSON.stringify(view)}`);
    }
    const ends = await Promise.all(this.sites.map((site) => this.ended(site)));
    if (ends.some((end) => end !== 0)) throw new Error(`the agents ended with ${ends}: ${this.#saidBy(ends)}`);
    return { view, results: await resultsOf(this.federation, this.sites, name) };
  }

  #saidBy(ends: readonly (number | string)[]): string {
    const failed = this.sites.filter((_, i) => ends[i] !== 0);
    return failed.map((site) => `${site}: ${this.#said.get(site)}`).join("\n");
  }

  async stop(): Promise<void> {
    await this.federation.stop();
    await this.coordinator.kill();
    await this.network.close();
  }
}

async function resultsOf(federation: Federation, sites: readonly string[], study: string) {
  const results: Record<string, Result> = {};
  for (const site of sites) {
    const home = new Home(federation.home(site));
    const records = await StudyStore.read(home, study);
    const report = records.find((entry) => entry.kind === "reported")?.report;
    const versions = join(home.study(study), "versions");
    const newest = (await readdir(versions)).sort().at(-1) ?? "none";
    results[site] = { queries: report?.queries ?? -1, decoder: sha256Hex(await readFile(join(versions, newest))) };
  }
  return results;
}

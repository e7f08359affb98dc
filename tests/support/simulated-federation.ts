import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createIdentity } from "@fedbaps/core/secagg/keys.js";
import { rosterWords, signRoster } from "@fedbaps/core/secagg/roster.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import type { StudyState } from "@fedbaps/demo/coordinator-process.js";
import { random } from "../unit/site-agent/make-runner.js";
import { type Centre, type Outcome, SimulatedSite } from "./simulated-site.js";

/** What these tests read of a study; the API says more. */
export type StudyView = Pick<StudyState, "status" | "reason" | "completed" | "round"> & {
  readonly rounds: readonly (StudyState["rounds"][number] & {
    readonly cohort: readonly string[] | null;
    readonly dropOuts: readonly { readonly site: string; readonly code: string }[];
  })[];
  readonly sites: readonly (StudyState["sites"][number] & { readonly reported: boolean })[];
};

/** What a study left at every site. */
export type Outcomes = Record<string, Outcome>;

/** Sites in this process around a coordinator, wherever that runs. */
export class SimulatedFederation {
  private constructor(
    readonly centre: Centre,
    readonly sites: readonly SimulatedSite[],
  ) {}

  /**
   * Enrols the sites, which differ in what they train towards, under a roster of all of them.
   * @param pace milliseconds that a step of training takes
   */
  static async start(folder: string, names: readonly string[], centre: Centre, pace = 0): Promise<SimulatedFederation> {
    const beforeStep = pace === 0 ? {} : { beforeStep: () => sleep(pace) };
    const sites: SimulatedSite[] = [];
    for (const [index, name] of names.entries())
      sites.push(await SimulatedSite.enrol(join(folder, "homes"), name, centre, { target: index + 1, ...beforeStep }));
    const candidates = (await centre.ask<{ candidates: Member[] }>("GET", "/roster"))?.candidates ?? [];
    const members = candidates.map(({ site, signKey, boxKey }) => ({ site, signKey, boxKey }));
    const signed = signRoster(members, createIdentity("lead", random).sign);
    await centre.ask("POST", "/roster", signed);
    const words = rosterWords(signed.roster);
    for (const site of sites) await site.acceptRoster(words);
    return new SimulatedFederation(centre, sites);
  }

  get names(): string[] {
    return this.sites.map(({ site }) => site);
  }

  /** Makes a study of all sites, starts it, approves it everywhere, and starts the agents. */
  async begin(study: string, spec: Partial<StudySpec>): Promise<void> {
    await this.create(study, spec);
    await this.serve();
  }

  /** The same without the agents. */
  async create(study: string, spec: Partial<StudySpec>): Promise<void> {
    const participation = { sites: this.names, require: "all" };
    const { hash } = await this.#insist<{ hash: string }>("POST", "/studies", {
      name: study,
      budget: 2000,
      participation,
      ...spec,
    });
    await this.#insist("POST", `/studies/${study}/start`);
    for (const site of this.sites) await site.approve(study, hash);
  }

  /** Starts every agent that does not live. */
  async serve(): Promise<void> {
    for (const site of this.sites) if (!site.alive) await site.start();
  }

  study(name: string): Promise<StudyView | undefined> {
    return this.centre.ask<StudyView>("GET", `/studies/${name}`);
  }

  async until(study: string, what: string, wanted: (view: StudyView) => boolean, seconds = 60): Promise<StudyView> {
    let view: StudyView | undefined;
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(25)) {
      view = await this.study(study);
      if (view && wanted(view)) return view;
    }
    throw new Error(`not within ${seconds} s: ${study} ${what}; it is ${JSON.stringify(view)}; ${this.#said()}`);
  }

  /** Waits for the study's end and the agents' own. @returns how it ended, and what every site has of it */
  async finish(study: string, seconds = 60): Promise<{ view: StudyView; outcomes: Outcomes }> {
    const view = await this.until(study, "completed", ({ status }) => status === "completed", seconds);
    const ends = await Promise.all(
      this.sites.map(({ ended }) => Promise.race([ended, sleep(20_000, "stays", { ref: false })])),
    );
    if (ends.some((end) => end !== 0)) throw new Error(`${study}: the agents ended with ${ends}; ${this.#said()}`);
    const outcomes: Outcomes = {};
    for (const site of this.sites) outcomes[site.site] = await site.outcome(study);
    return { view, outcomes };
  }

  async close(): Promise<void> {
    for (const site of this.sites) await site.close();
  }

  /** Asks until there is an answer: the coordinator may be killed at any time, and every command may be given twice. */
  async #insist<T>(method: string, path: string, body?: unknown): Promise<T> {
    for (let tries = 0; tries < 400; tries++) {
      const answer = await this.centre.ask<T>(method, path, body);
      if (answer) return answer;
      await sleep(25);
    }
    throw new Error(`${method} ${path} was never answered`);
  }

  #said(): string {
    return this.sites.map(({ site, lines }) => `${site}: ${lines.slice(-4).join(" | ")}`).join("; ");
  }
}

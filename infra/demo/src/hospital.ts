import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { remoteOrigins } from "@fedbaps/core/blackbox/oip/origins.js";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import type { CoordinatorProcess } from "./coordinator-process.js";
import type { Processes, Running } from "./processes.js";

/**
 * The demo's sites share their figures with the coordinator, so that its API shows them too, and may ask the black box that
 * the person who started the demo named: whoever does that is the owner of the data here.
 */
function policyText(blackboxHosts: readonly string[]): string {
  return `minCohort: 3\nbudgetPerStudy: 100000000\nmetrics: own\nblackboxHosts: ${JSON.stringify(blackboxHosts)}\n`;
}

/** One hospital: a home of its own and the site agent's command line, used as its data scientist would. */
export class Hospital {
  constructor(
    readonly site: string,
    private readonly home: string,
    private readonly processes: Processes,
  ) {}

  /**
   * What is done once: a home with keys and policy, enrolment by invite, the centre's approval.
   * @param url the address to enrol at, when not the coordinator's own.
   */
  async enrol(
    coordinator: CoordinatorProcess,
    settings: { readonly data: string; readonly blackbox: string; readonly url?: string },
  ): Promise<void> {
    const { site } = this;
    const invite = await coordinator.invite(site);
    await mkdir(this.home, { recursive: true });
    await writeFileAtomic(join(this.home, "policy.yaml"), policyText(remoteOrigins(settings.blackbox)));
    await this.#run("init", "--site", site, "--data", settings.data, "--blackbox", settings.blackbox);
    await this.#run("enroll", "--coordinator", settings.url ?? coordinator.url, "--code", invite);
    await coordinator.approve(site);
  }

  /** What is decided here: with whom sums are made, by the words that the study lead reads out, and the study. */
  async decide(study: string, words: string): Promise<void> {
    await this.#run("roster", "accept", "--words", words);
    await this.#run("study", "approve", study);
  }

  /** The command line of the serving agent, after the program's name. */
  serveArguments(out: string): string[] {
    return ["--home", this.home, "run", "--out", out, "--once", "--progress-json"];
  }

  /** Starts the agent; it serves its studies and ends after the report. */
  serve(out: string, onLine: (line: string) => void): Running {
    return this.processes.start("site-agent", this.serveArguments(out), { stderr: onLine });
  }

  #run(...args: string[]): Promise<string> {
    return this.processes.run("site-agent", ["--home", this.home, ...args]);
  }
}

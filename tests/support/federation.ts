import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writePhantomSite } from "@fedbaps/core/data/phantoms.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import { CoordinatorProcess, type StudyState } from "@fedbaps/demo/coordinator-process.js";
import { Hospital } from "@fedbaps/demo/hospital.js";
import { Processes, type Running } from "@fedbaps/demo/processes.js";

export const STUDY = "study";

/** A whole federation of real processes on loopback, each site with a few phantoms of its own. */
export class Federation {
  readonly running = new Map<string, Running>();
  readonly #hospitals = new Map<string, Hospital>();

  private constructor(
    readonly folder: string,
    readonly coordinator: CoordinatorProcess,
    private readonly processes: Processes,
  ) {}

  /** @param spec what differs from the study's defaults, besides its sites. */
  static async start(
    folder: string,
    init: {
      readonly sites: readonly string[];
      readonly images: number;
      readonly spec: Partial<StudySpec>;
      readonly require?: "all" | number;
      /** Puts something between the sites and the coordinator: takes its port, gives the address to enrol at. */
      readonly between?: (port: number) => Promise<string>;
    },
  ): Promise<Federation> {
    const processes = new Processes();
    const coordinator = await CoordinatorProcess.start(processes, join(folder, "coordinator"), 0);
    const federation = new Federation(folder, coordinator, processes);
    const participation = { sites: [...init.sites], require: init.require ?? ("all" as const) };
    const url = await init.between?.(Number(new URL(coordinator.url).port));
    for (const [index, site] of init.sites.entries()) {
      const data = federation.data(site);
      await writePhantomSite(data, { site: index, images: init.images, seed: 1 });
      const hospital = new Hospital(site, federation.home(site), processes);
      federation.#hospitals.set(site, hospital);
      await hospital.enrol(coordinator, { data, blackbox: "bundled", ...(url ? { url } : {}) });
    }
    const words = await coordinator.signRoster(join(folder, "lead-key.json"));
    await coordinator.createStudy({ name: STUDY, participation, ...init.spec });
    await coordinator.startStudy(STUDY);
    await Promise.all(init.sites.map((site) => federation.#hospitals.get(site)?.decide(STUDY, words)));
    return federation;
  }

  data(site: string): string {
    return join(this.folder, "data", site);
  }

  home(site: string): string {
    return join(this.folder, "homes", site);
  }

  out(site: string): string {
    return join(this.folder, "out", site);
  }

  serve(site: string): Running {
    const hospital = this.#hospitals.get(site);
    if (!hospital) throw new Error(`no site ${site}`);
    const running = hospital.serve(this.out(site), () => {});
    this.running.set(site, running);
    return running;
  }

  kill(site: string): void {
    this.running.get(site)?.process.kill("SIGKILL");
  }

  study(): Promise<StudyState> {
    return this.coordinator.study(STUDY);
  }

  /** Waits until the study looks as wanted. @throws with the last state when it does not within `seconds`. */
  async until(what: string, wanted: (state: StudyState) => boolean, seconds = 120): Promise<StudyState> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const state = await this.study();
      if (wanted(state)) return state;
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}; the study is ${JSON.stringify(state)}`);
      await sleep(200);
    }
  }

  stop(): Promise<void> {
    return this.processes.stopAll();
  }
}

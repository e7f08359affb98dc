import { memberOf } from "@fedbaps/core/secagg/keys.js";
import { serve } from "./coordinator-calls.js";
import { type PhaseTraffic, SimulatedCohort } from "./coordinator-cohort.js";
import { lengthenBaps } from "./coordinator-decoder.js";
import { type Api, ask, enrolSites, signSites } from "./coordinator-enrolment.js";
import { SimulatedSite } from "./coordinator-site.js";

/** Below the number of links that may be about to say who they are. */
const WAVE = 40;

export interface StudyPlan {
  readonly name: string;
  readonly rounds: number;
  /** Its cohort: the sites of the roster from `first` on. */
  readonly first: number;
  readonly sites: number;
  /** So many of them may be lost. */
  readonly losses?: number;
}

// All simulated sites, in one process.
lengthenBaps();
let api: Api = { url: "", token: "" };
let sites: SimulatedSite[] = [];
const cohorts = new Map<string, SimulatedCohort>();

const service = {
  /** Enrols so many sites; the first `named` of them are in the roster. */
  async enrol(coordinator: Api, count: number, named: number): Promise<void> {
    api = coordinator;
    const names = Array.from({ length: count }, (_, i) => `site-${String(i).padStart(4, "0")}`);
    sites = (await enrolSites(api, names)).map((identity) => new SimulatedSite(identity));
    await signSites(
      api,
      sites.slice(0, named).map(({ identity }) => memberOf(identity)),
    );
  },

  /** Connects all sites, in waves. */
  async connect(): Promise<void> {
    for (let i = 0; i < sites.length; i += WAVE)
      await Promise.all(sites.slice(i, i + WAVE).map((site) => site.connect(api.url)));
  },

  connected: (): number => sites.filter((site) => site.connected).length,

  /** Creates and starts a study; its sites approve it. */
  async open(plan: StudyPlan): Promise<PhaseTraffic> {
    const members = sites.slice(plan.first, plan.first + plan.sites);
    const cohort = new SimulatedCohort(plan.name, members);
    cohorts.set(plan.name, cohort);
    const names = members.map(({ identity }) => identity.site);
    const participation = { sites: names, require: plan.losses ? plan.sites - plan.losses : "all" };
    await ask(api, "POST", "/studies", { name: plan.name, decoder: "baps", rounds: plan.rounds, participation });
    return cohort.untilAsked(() => ask(api, "POST", `/studies/${plan.name}/start`));
  },

  /** All sites of a study work out their answers. */
  async prepare(study: string): Promise<{ phase: string; sitesCpuMs: number }> {
    const cohort = cohortOf(study);
    const sitesCpuMs = await cohort.prepare();
    return { phase: cohort.phase, sitesCpuMs };
  },

  /** They send them, all at once. */
  release: (study: string, losses: number): Promise<PhaseTraffic> => cohortOf(study).release(losses),

  completed: (study: string): boolean => cohortOf(study).completed,

  /** Goes through these studies to their ends, all at the same time. @returns processor time of the sites. */
  async finish(studies: readonly string[]): Promise<number> {
    const start = process.cpuUsage();
    await Promise.all(
      studies.map(async (study) => {
        for (const cohort = cohortOf(study); !cohort.completed; await cohort.release()) await cohort.prepare();
      }),
    );
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e3;
  },

  abort: (study: string): Promise<unknown> => ask(api, "POST", `/studies/${study}/abort`),

  close(): void {
    for (const site of sites) site.close();
  },
};
export type LoadService = typeof service;

function cohortOf(study: string): SimulatedCohort {
  const cohort = cohorts.get(study);
  if (!cohort) throw new Error(`there is no study ${study}`);
  return cohort;
}

serve(service);

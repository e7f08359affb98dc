import type { Attempt, Study, StudySite } from "@fedbaps/dashboard/api/types.js";

export const SITES = ["city-hospital", "st-mary", "university"];

export function aSite(site: string, changes: Partial<StudySite> = {}): StudySite {
  return {
    site,
    status: "approved",
    approved: site !== "university",
    reported: false,
    reportFailure: null,
    connected: true,
    lastMessage: null,
    state: null,
    reason: null,
    stepsDone: null,
    stepsPlanned: null,
    queries: null,
    bytesUp: 0,
    bytesDown: 0,
    ...changes,
  };
}

export function aStudy(changes: Partial<Study> = {}): Study {
  return {
    name: "lesions",
    title: null,
    status: "draft",
    reason: null,
    completed: 0,
    hash: "0".repeat(64),
    createdAt: 0,
    waiting: null,
    driver: null,
    round: null,
    rounds: [],
    sites: SITES.map((site) => aSite(site)),
    siteDice: [],
    reports: [],
    traffic: { bytesUp: 0, bytesDown: 0 },
    spec: {
      name: "lesions",
      mode: "fedavg",
      decoder: "filter-bank",
      preset: "adam",
      rounds: 8,
      personalShare: 0.5,
      budget: 1500,
      clicks: 3,
      seed: 1,
      clip: 10,
      sealed: true,
      maxImages: 10_000,
      participation: { sites: SITES, require: "all" },
      silenceSeconds: 600,
    },
    ...changes,
  };
}

export function anAttempt(round: number, changes: Partial<Attempt> = {}): Attempt {
  return {
    round,
    attempt: 1,
    phase: "completed",
    startedAt: 0,
    endedAt: 1,
    code: null,
    cohort: SITES,
    survivors: SITES,
    dropOuts: [],
    metrics: null,
    ...changes,
  };
}

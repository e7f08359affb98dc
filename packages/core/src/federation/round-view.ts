import type { StudySpec } from "../wire/study.js";
import type { RoundSites } from "./round-sites.js";
import type { RoundPhase, SiteState, SiteView, WaitReason } from "./round-state.js";

/** What one site looks like from outside. */
export function viewSite(site: string, phase: RoundPhase, sites: RoundSites, owes: boolean): SiteView {
  const record = sites.get(site);
  const view: SiteView = { site, state: stateOf(site, phase, sites, owes), lastMessage: record?.heard ?? null };
  const reason = sites.reasonOf(site);
  return { ...view, ...(reason === undefined ? {} : { reason }), ...record?.progress };
}

function stateOf(site: string, phase: RoundPhase, sites: RoundSites, owes: boolean): SiteState {
  if (sites.isDropped(site)) return "dropped";
  if (!sites.isReady(site)) return "missing";
  if (phase === "recruiting") return "ready";
  return owes ? "working" : "answered";
}

/** All sites that the study names, in order. */
export function namedSites(study: StudySpec): string[] {
  return [...study.participation.sites].sort();
}

/** Why a round in this phase has not moved on; null once it is over. */
export function waitReason(phase: RoundPhase, waitingFor: readonly string[]): WaitReason | null {
  if (phase === "completed" || phase === "aborted") return null;
  if (phase === "training") return "training";
  if (phase !== "recruiting") return "secure-sum";
  return waitingFor.length > 0 ? "waiting-for-sites" : "pause-before-retry";
}

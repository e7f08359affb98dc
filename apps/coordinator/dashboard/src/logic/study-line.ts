import type { RoundNow, Study, StudySummary, Waiting } from "../api/types.js";
import { sentence } from "./codes.js";
import { count, names } from "./numbers.js";
import { phaseWords } from "./phases.js";
import { relative, span } from "./time.js";

/** What a study waits for, in a few words, as a list of studies shows it. */
export function waitingWords(study: Pick<StudySummary, "status" | "reason" | "waiting">, now: number): string {
  const { status, waiting } = study;
  if (status === "completed" && waiting === null) return "All rounds are done.";
  if (status === "aborted") return study.reason === null ? "Ended early." : sentence(study.reason);
  if (status === "draft") return "Not started yet.";
  if (status === "paused") return pausedWords(study.reason);
  if (waiting === null) return status === "running" ? "Moving on." : "";
  const until = waiting.deadline === null ? "" : `, ${relativeDeadline(waiting.deadline, now)}`;
  return `${reasonWords(waiting)}${until}.`;
}

function pausedWords(reason: string | null): string {
  if (reason === null || reason === "STUDY_PAUSED") return "Paused by the study lead.";
  return `Paused. ${sentence(reason)}`;
}

function relativeDeadline(deadline: number, now: number): string {
  return deadline <= now ? "time is up" : `at most ${span(deadline - now)} more`;
}

function reasonWords({ reason, sites }: Waiting): string {
  const who = names(sites);
  switch (reason) {
    case "waiting-for-approvals":
      return `Waiting for the approval of ${who}`;
    case "waiting-for-sites":
      return sites.length > 0 ? `Waiting for ${who} to connect` : "Waiting for sites to connect";
    case "waiting-for-reports":
      return sites.length > 0 ? `Waiting for the reports of ${who}` : "Waiting for reports";
    case "training":
      return sites.length > 0 ? `Training at ${who}` : "Training";
    case "secure-sum":
      return sites.length > 0 ? `Secure sum, waiting for ${who}` : "Secure sum";
    case "pause-before-retry":
      return "A short pause before the next attempt";
    case "not-started":
      return "Not started yet";
    case "paused":
      return "Paused";
    default:
      return sites.length > 0 ? `Waiting for ${who} (${reason})` : `Waiting (${reason})`;
  }
}

/** The sentence at the head of a study's page: where it is, who it waits for, since when and until when. */
export function nowLine(study: Study, now: number): string {
  const { status, round, spec } = study;
  if (status === "draft")
    return "This study is a draft. Start it to offer it to its sites; training begins when enough of them approve.";
  if (status === "completed") {
    if (study.waiting !== null && study.waiting.sites.length > 0)
      return `All ${spec.rounds} rounds are done. Waiting for the last reports of ${names(study.waiting.sites)}.`;
    const reported = study.reports.length;
    return `All ${spec.rounds} rounds are done; ${count(reported, "site")} of ${spec.participation.sites.length} reported.`;
  }
  if (status === "aborted") return `This study was ended early, after ${count(study.completed, "round")}.`;
  if (status === "paused")
    return `${pausedWords(study.reason)} ${count(study.completed, "round")} of ${spec.rounds} done.`;
  if (status === "enrolling") return enrollingLine(study);
  if (study.waiting?.reason === "waiting-for-reports")
    return `All rounds are done. ${reasonWords(study.waiting)}${until(study.waiting.deadline, now)}.`;
  if (round === null) return "Now: the next round is about to begin.";
  return roundLine(round, spec.rounds, now);
}

function enrollingLine({ spec, sites, waiting }: Study): string {
  const need = spec.participation.require === "all" ? spec.participation.sites.length : spec.participation.require;
  const have = sites.filter(({ approved }) => approved).length;
  const missing = waiting?.sites ?? [];
  if (have >= need) return `Enough sites approved. Waiting for ${names(missing)} to connect.`;
  return `Offered to its sites: ${have} of ${need} needed approvals. Missing: ${names(missing)}.`;
}

/** "Now: training at the sites, round 3 of 8, waiting for x (silent since 2 min, counted as gone in 8 min)." */
function roundLine(round: RoundNow, rounds: number, now: number): string {
  const { reference, phase, waitingFor, deadline } = round;
  const attempt = reference.attempt > 1 ? `, attempt ${reference.attempt}` : "";
  const head = `Now: round ${reference.round} of ${rounds}${attempt}, ${phaseWords(phase)}`;
  if (round.reason === "pause-before-retry")
    return `${head}. A short pause before the sites are asked again${until(deadline, now)}.`;
  if (waitingFor.length === 0) return `${head}.`;
  const [only] = waitingFor;
  const heard = waitingFor.length === 1 ? round.sites.find(({ site }) => site === only)?.lastMessage : undefined;
  const brackets = [
    ...(heard ? [now - heard < 5000 ? "heard just now" : `silent for ${span(now - heard)}`] : []),
    ...(deadline === null ? [] : [goneWords(deadline, now)]),
  ];
  return `${head}, waiting for ${names(waitingFor)}${brackets.length > 0 ? ` (${brackets.join(", ")})` : ""}.`;
}

function goneWords(deadline: number, now: number): string {
  return deadline <= now ? "about to be counted as gone" : `counted as gone ${relative(deadline, now)} unless heard`;
}

function until(deadline: number | null, now: number): string {
  return deadline === null || deadline <= now ? "" : `, at most ${span(deadline - now)} more`;
}

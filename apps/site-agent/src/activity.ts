import { adviceOn } from "./advice.js";
import type { AgentState } from "./agent-state.js";
import { plainPhase } from "./progress.js";
import { duration } from "./work-progress.js";

/** What the agent does now, in figures; of one that does not run, what it did last. */
export interface Activity {
  readonly link: { readonly state: string; readonly since: string; readonly code: string | null };
  /** When the coordinator was last known to be there, ISO 8601. */
  readonly lastContact: string | null;
  readonly lastError: {
    readonly at: string;
    readonly code: string;
    readonly study: string | null;
    readonly advice: string;
  } | null;
  readonly studies: AgentState["studies"];
  /** When the agent wrote this. */
  readonly at: string;
}

export function activityOf({ at, link, lastError, studies }: AgentState): Activity {
  const { state, since, code = null } = link;
  return {
    link: { state, since, code },
    lastContact: state === "admitted" ? at : state === "lost" ? since : null,
    lastError: lastError
      ? { at: lastError.at, code: lastError.code, study: lastError.study ?? null, advice: adviceOn(lastError.code) }
      : null,
    studies,
    at,
  };
}

/** So long an agent that runs does not write nothing. */
const SILENT_MS = 5 * 60_000;

/** Lines for a person. @param running whether the agent that wrote this runs @param now milliseconds since the epoch */
export function activityLines(activity: Activity, running: boolean, now: number): string[] {
  const { link, lastContact, lastError, studies, at } = activity;
  const silent = running && now - Date.parse(at) > SILENT_MS;
  return [
    ...(running ? [linkLine(link)] : []),
    ...(lastContact === null ? [] : [`last contact with the coordinator ${lastContact}`]),
    ...(silent ? [`the agent has written nothing since ${at}: it may hang; look at agent.log`] : []),
    ...(running ? studies.map((study) => studyLine(study)) : []),
    ...(lastError === null
      ? []
      : [
          `last error ${lastError.at}${lastError.study === null ? "" : `, study ${lastError.study}`}: ${errorText(lastError)}`,
        ]),
  ];
}

function linkLine({ state, since, code }: Activity["link"]): string {
  if (state === "admitted") return `connected to the coordinator since ${since}`;
  const why = code === null ? "" : `: ${adviceOn(code)}`;
  return `${state === "lost" ? "not connected" : "connecting"} since ${since}${why}; it tries again by itself`;
}

function studyLine(study: AgentState["studies"][number]): string {
  const { round, stepsDone, stepsPlanned, queries, budget, waiting, secondsLeft } = study;
  const parts = [
    ...(round === undefined ? [] : [`round ${round}`]),
    plainPhase(study.phase),
    ...(stepsDone === undefined ? [] : [`step ${stepsDone}${stepsPlanned === undefined ? "" : ` of ${stepsPlanned}`}`]),
    `${queries} of ${budget} queries`,
    ...(secondsLeft === undefined || waiting ? [] : [`about ${duration(secondsLeft)} left`]),
  ];
  const pause = waiting ? `; waits: ${waitingText(waiting.reason)}${until(waiting.until)}` : "";
  return `now ${study.study}: ${parts.join(", ")}${pause}`;
}

const WAITING: Readonly<Record<string, string>> = {
  "quiet-hours": "quiet hours (policy.yaml)",
  "daily-budget": "today's black-box queries are spent (policy.yaml)",
  "policy-faulty": "policy.yaml has a fault",
};

function waitingText(reason: string): string {
  return WAITING[reason] ?? adviceOn(reason);
}

/** In the local time of whoever reads it. */
function until(time: string | undefined): string {
  if (time === undefined) return "";
  const at = new Date(time);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `, goes on ${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function errorText({ code, advice }: { readonly code: string; readonly advice: string }): string {
  return advice === code ? code : `${advice} (${code})`;
}

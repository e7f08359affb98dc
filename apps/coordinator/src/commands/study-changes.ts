import type { StudyDetail } from "./answers.js";
import { waitingText } from "./study-lines.js";

/** What is new in a study since it was read last, a line each; without an earlier reading, how it stands. */
export function studyChanges(before: StudyDetail | undefined, now: StudyDetail): string[] {
  const lines: string[] = [];
  if (before?.status !== now.status || before.reason !== now.reason)
    lines.push(`${now.status}${now.reason === null ? "" : ` (${now.reason})`}`);
  for (const attempt of now.rounds) {
    const known = before?.rounds.find(
      ({ round, attempt: number }) => round === attempt.round && number === attempt.attempt,
    );
    if (isOver(attempt.phase) && known?.phase !== attempt.phase) lines.push(endText(attempt, now.spec.rounds));
    for (const { site, code } of attempt.dropOuts)
      if (!known?.dropOuts.some((lost) => lost.site === site) && !isOver(attempt.phase))
        lines.push(`round ${attempt.round}: lost ${site} (${code})`);
  }
  const phase = phaseText(now);
  if (phase !== "" && phase !== (before && phaseText(before))) lines.push(phase);
  for (const { site, connected } of now.sites) {
    const known = before?.sites.find((row) => row.site === site);
    if (known !== undefined && known.connected !== connected)
      lines.push(`${site} ${connected ? "has connected" : "is not connected any more"}`);
  }
  const waiting = waitingText(now.waiting);
  if (waiting !== "" && waiting !== (before && waitingText(before.waiting))) lines.push(`now: ${waiting}`);
  for (const { site, reported } of now.sites)
    if (reported && !before?.sites.find((row) => row.site === site)?.reported) lines.push(`${site} has reported`);
  return lines;
}

/** Whether nothing more will come. */
export function hasEnded({ status }: StudyDetail): boolean {
  return status === "completed" || status === "aborted";
}

type Attempt = StudyDetail["rounds"][number];

function endText({ round, attempt, phase, code, survivors, metrics }: Attempt, planned: number): string {
  const which = `round ${round} of ${planned}${attempt > 1 ? `, attempt ${attempt}` : ""}`;
  if (phase === "aborted") return `${which} aborted (${code})`;
  const dice = metrics?.valDice === undefined ? "" : `, Dice ${metrics.valDice.toFixed(4)}`;
  return `${which} completed with ${survivors?.length ?? 0} sites${dice}`;
}

function phaseText({ round, spec }: StudyDetail): string {
  if (round === null || isOver(round.phase)) return "";
  const { reference } = round;
  const attempt = reference.attempt > 1 ? `, attempt ${reference.attempt}` : "";
  return `round ${reference.round} of ${spec.rounds}${attempt}: ${round.phase}`;
}

function isOver(phase: string): boolean {
  return phase === "completed" || phase === "aborted";
}

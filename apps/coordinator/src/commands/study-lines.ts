import type { StudyDetail } from "./answers.js";
import { dateText, table } from "./output.js";

/** A study for people to read. */
export function studyLines(study: StudyDetail): string[] {
  const waiting = waitingText(study.waiting);
  return [
    `${study.name}: ${study.status}${study.reason === null ? "" : ` (${study.reason})`}`,
    `rounds completed: ${study.completed} of ${study.spec.rounds}`,
    ...(waiting === "" ? [] : [`now: ${waiting}`]),
    ...(study.driver === null ? [] : [`driven by: ${study.driver}`]),
    "",
    ...table(
      ["site", "status", "approved", "connected", "last message", "in this round", "reported"],
      study.sites.map((site) => [
        site.site,
        site.status,
        yesNo(site.approved),
        yesNo(site.connected),
        dateText(site.lastMessage),
        site.state ?? "",
        site.reportFailure === null ? yesNo(site.reported) : `no (${site.reportFailure})`,
      ]),
    ),
    ...(study.rounds.length === 0 ? [] : [""]),
    ...(study.rounds.length === 0 ? [] : roundTable(study)),
  ];
}

/** What a study waits for, for whom and until when; empty when it does not wait. */
export function waitingText(waiting: StudyDetail["waiting"]): string {
  if (waiting === null) return "";
  const until = waiting.deadline === null ? "" : `, until ${dateText(waiting.deadline)} UTC`;
  const who = waiting.sites.length === 0 ? "" : `: ${waiting.sites.join(", ")}`;
  return `${waiting.reason}${who}${until}`;
}

function roundTable({ rounds }: StudyDetail): string[] {
  return table(
    ["round", "attempt", "state", "in the sum", "lost", "val Dice", "zero-shot"],
    rounds.map((row) => [
      String(row.round),
      String(row.attempt),
      row.code === null ? row.phase : `${row.phase} (${row.code})`,
      row.survivors?.join(", ") ?? "",
      row.dropOuts.map(({ site, code }) => `${site} (${code})`).join(", "),
      diceText(row.metrics?.valDice),
      diceText(row.metrics?.zeroShotValDice),
    ]),
  );
}

function yesNo(value: boolean): string {
  return value ? "yes" : "no";
}

function diceText(dice: number | undefined): string {
  return dice === undefined ? "" : dice.toFixed(4);
}

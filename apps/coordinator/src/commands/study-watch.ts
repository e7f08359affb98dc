import { type Clock, systemClock } from "@fedbaps/core/common/clock.js";
import { Command, InvalidArgumentError } from "commander";
import { CoordinatorError } from "../errors.js";
import { type StudyDetail, studyDetailAnswer } from "./answers.js";
import { Refusal } from "./exit-codes.js";
import { dateText, type Output } from "./output.js";
import { type Call, remote } from "./remote.js";
import { pathOfStudy } from "./studies.js";
import { hasEnded, studyChanges } from "./study-changes.js";

/** `study watch`: follows a study until it ends. */
export function watchCommand(): Command {
  const watch = new Command("watch")
    .description("follow a study until it ends: a line for each change; fails when it was aborted")
    .argument("<name>")
    .option("--every <seconds>", "how often to ask", seconds, 2);
  return remote(watch, async (call, output, name) => {
    const milliseconds = watch.opts<{ every: number }>().every * 1000;
    const last = await follow({ call, output, clock: systemClock, milliseconds }, name);
    if (last.status === "aborted") throw new CoordinatorError("CONFLICT", `study ${name} was aborted`);
  });
}

interface Watching {
  readonly call: Call;
  readonly output: Output;
  readonly clock: Clock;
  readonly milliseconds: number;
}

/** Prints what changes; a coordinator that is away for a while is waited for once it has answered. */
async function follow({ call, output, clock, milliseconds }: Watching, name: string): Promise<StudyDetail> {
  let before: StudyDetail | undefined;
  for (let away = false; ; await new Promise<void>((resolve) => void clock.after(milliseconds, resolve))) {
    let now: StudyDetail;
    try {
      now = await call("GET", pathOfStudy(name), studyDetailAnswer);
    } catch (error) {
      if (before === undefined || !mayPass(error)) throw error;
      if (!away) output.note("the coordinator does not answer; still asking");
      away = true;
      continue;
    }
    away = false;
    const at = clock.now();
    for (const change of studyChanges(before, now))
      output.result({ at, study: name, status: now.status, change }, [`${dateText(at).slice(11)} ${change}`]);
    if (hasEnded(now)) return now;
    before = now;
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof Refusal) return error.status >= 500 || error.status === 429;
  return error instanceof CoordinatorError && error.code === "UNREACHABLE";
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.2 && value <= 3600)) throw new InvalidArgumentError("give seconds from 0.2 to 3600.");
  return value;
}

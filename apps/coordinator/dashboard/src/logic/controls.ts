import type { StudyStatus } from "../api/types.js";

export type Control = "start" | "pause" | "resume" | "abort" | "edit" | "clone";

const ALLOWED: Readonly<Record<Control, readonly StudyStatus[]>> = {
  start: ["draft"],
  edit: ["draft"],
  pause: ["running"],
  resume: ["paused"],
  abort: ["draft", "enrolling", "running", "paused"],
  clone: ["draft", "enrolling", "running", "paused", "completed", "aborted"],
};

/** What can be done with a study now, in the order in which it is shown. */
export function controlsOf(status: StudyStatus): Control[] {
  return (Object.keys(ALLOWED) as Control[]).filter((control) => ALLOWED[control].includes(status));
}

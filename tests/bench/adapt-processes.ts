import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CohortSettings } from "./adapt-federation-arms.js";
import type { LocalSettings } from "./adapt-local.js";

/** A cell to be made. */
export type Job = { readonly file: string } & (
  | { readonly kind: "local"; readonly settings: LocalSettings }
  | { readonly kind: "cohort"; readonly settings: CohortSettings }
);

const PROCESS = fileURLToPath(new URL("./adapt-process.js", import.meta.url));

/**
 * Makes cells in so many processes at once.
 * @param onDone after each, with what went wrong if something did: the others go on
 */
export async function runJobs<J extends Job>(
  jobs: readonly J[],
  processes: number,
  onDone: (job: J, failure: string | undefined) => Promise<void>,
): Promise<void> {
  const waiting = [...jobs];
  const work = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) await onDone(job, await runJob(job));
  };
  await Promise.all(Array.from({ length: processes }, work));
}

/** @returns why there is no cell now; undefined where there is */
function runJob(job: Job): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = fork(PROCESS, [], { stdio: ["ignore", 2, 2, "ipc"] });
    let failure: string | undefined;
    child.on("message", (message) => {
      failure = String(message);
    });
    child.once("error", ({ message }) => resolve(message));
    child.once("close", (status, signal) => {
      if (status === 0) resolve(undefined);
      else resolve(failure ?? `its process ended with ${signal ?? `status ${status}`}`);
    });
    child.send(job);
  });
}

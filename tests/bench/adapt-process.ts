import { messageOf } from "@fedbaps/core/common/errors.js";
import { writeCell } from "./adapt-cells.js";
import { codeVersion } from "./adapt-code.js";
import { runCohort } from "./adapt-federation-arms.js";
import { runLocal } from "./adapt-local.js";
import type { Job } from "./adapt-processes.js";

// One cell in a process of its own: what it leaves in memory goes with it, and a cell that dies takes no other along.
// Nobody waits for it any more, or it is done.
process.once("disconnect", () => process.exit());
process.once("message", async (job: Job) => {
  try {
    const code = await codeVersion();
    const start = performance.now();
    const result = await (job.kind === "local" ? runLocal(job.settings) : runCohort(job.settings));
    const seconds = Math.round((performance.now() - start) / 100) / 10;
    await writeCell(job.file, { settings: job.settings, code, seconds, result });
    process.exitCode = 0;
  } catch (error) {
    process.send?.(messageOf(error));
    process.exitCode = 1;
  }
  process.disconnect?.();
});

// `lint-infra.mjs --replay`, in mounts of its own: builds both images, starts them as infra/compose.yaml says, and goes
// through the first start. Writes one JSON line for each check on standard output, and what happens on standard error.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { dockerfileStages, runtimeOf } from "../dockerfile-stages.mjs";
import { isolatedNetwork } from "./container.mjs";
import { postgresPrograms } from "./database.mjs";
import { playFirstStart } from "./first-start.mjs";
import { Builder, whyNoReplay } from "./layers.mjs";

const IMAGES = ["coordinator", "site-agent"];
/** Layers are kept in memory, as an overlay's folders may not lie in each other; about 3 GB. */
const NEEDED_BYTES = 6 * 2 ** 30;

const root = process.argv[2];
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const say = (line) => process.stderr.write(`  ${line}\n`);
const check = (ok, what, detail = "") => {
  tell({ ok, what, detail: ok ? "" : detail });
  say(`${ok ? "ok" : "FAILED"}: ${what}`);
};

const why =
  whyNoReplay() ??
  (freemem() < NEEDED_BYTES ? "it needs 6 GB of free memory" : undefined) ??
  (postgresPrograms() === undefined ? "it needs Debian's package postgresql" : undefined);
if (why !== undefined) {
  tell({ skipped: why });
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "fedbaps-replay-"));
execFileSync("mount", ["-t", "tmpfs", "-o", "mode=0711", "tmpfs", folder]);
try {
  const builder = new Builder(root, folder, readFileSync(join(root, ".dockerignore"), "utf8"), say);
  const images = {};
  for (const name of IMAGES) {
    const stages = dockerfileStages(readFileSync(join(root, `infra/docker/${name}.Dockerfile`), "utf8"));
    images[name] = { layers: builder.build(stages), image: runtimeOf(stages) };
    check(true, `${name}.Dockerfile: every instruction was carried out`);
  }
  const network = await isolatedNetwork();
  try {
    await playFirstStart({ root, folder, images, network, check });
  } finally {
    network.close();
  }
} catch (error) {
  check(false, "the replay came to its end", error.message);
} finally {
  execFileSync("umount", ["--lazy", folder]);
  rmSync(folder, { recursive: true, force: true });
}

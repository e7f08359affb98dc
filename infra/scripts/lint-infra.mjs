// `node infra/scripts/lint-infra.mjs [--replay] [--json]`: checks Dockerfiles, compose.yaml, the Helm chart, service files and
// scripts against each other and against the programs. With --replay it also builds both images without a container engine
// and goes through the first start (minutes; as root on Debian 12 with Node 20). infra/README.md says what that covers.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { lintInfra } from "./lint-infra/all.mjs";

const USAGE = "usage: node infra/scripts/lint-infra.mjs [--replay] [--json]";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const flags = process.argv.slice(2);
if (flags.some((flag) => !["--replay", "--json"].includes(flag))) {
  console.error(USAGE);
  process.exit(2);
}
const { checks, skipped } = lintInfra(root);
if (flags.includes("--replay")) await replay();
const failed = checks.filter(({ ok }) => !ok);
if (flags.includes("--json"))
  console.log(JSON.stringify({ ok: failed.length === 0, failed, passed: checks.length - failed.length, skipped }));
else {
  for (const { file, rule, message } of failed) console.log(`${file}: ${rule}: ${message}`);
  for (const line of skipped) console.log(`not checked: ${line}`);
  console.log(`infra: ${checks.length - failed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
}
process.exit(failed.length === 0 ? 0 : 1);

/** In mounts of its own, which end with it. */
async function replay() {
  const program = fileURLToPath(new URL("lint-infra/replay/main.mjs", import.meta.url));
  const child = spawn("unshare", ["--mount", "--propagation", "private", process.execPath, program, root], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { ok, what, detail, skipped: why } = JSON.parse(line);
    if (why === undefined) checks.push({ rule: "replay", file: what, ok, message: detail });
    else skipped.push(`the replay: ${why}`);
  }
  const status = await ended;
  if (status === 127) skipped.push("the replay: util-linux's unshare is not there");
  else if (status !== 0)
    checks.push({ rule: "replay", file: "infra", ok: false, message: `the replay ended with ${status}` });
}

// `npm run bench [-- NAME ...] [--json] [--out FILE]`: installs what is missing, compiles, runs the benchmarks here.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ensureBuilt, ensureInstalled } from "./ensure-installed.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
ensureInstalled();
ensureBuilt();
const compiled = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tests/bench`], {
  cwd: root,
  stdio: ["ignore", 2, 2],
});
if (compiled.status !== 0) {
  process.stderr.write("Compiling the benchmarks failed: see the lines above.\n");
  process.exit(1);
}
const { main } = await import("../../tests/bench/dist/bench/main.js");
process.exit(await main(process.argv.slice(2)));

// `npm test [-- JEST-ARGUMENTS]`: installs what is missing, builds, runs one Jest suite.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ensureBuilt, ensureInstalled } from "./ensure-installed.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const [suite, ...jestArguments] = process.argv.slice(2);
ensureInstalled();
ensureBuilt();
const result = spawnSync(
  process.execPath,
  [
    "--experimental-vm-modules",
    "--no-warnings",
    `${root}node_modules/jest/bin/jest.js`,
    "--config",
    "tests/jest.config.mjs",
    ...jestArguments,
  ],
  { cwd: root, stdio: "inherit", env: { ...process.env, FEDBAPS_SUITE: suite } },
);
process.exit(result.status ?? 1);

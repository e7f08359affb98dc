// Installs the npm packages when they are missing or older than the lock file, so that `npm test` and `npm run demo`
// are each the first command in a fresh clone. Needs nothing but Node and npm itself.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Installs when needed; all output goes to stderr, so that stdout stays free for the command's own answer. */
export function ensureInstalled() {
  const marker = `${root}node_modules/.package-lock.json`;
  const lock = `${root}package-lock.json`;
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return;
  process.stderr.write("Installing packages (first run only) ...\n");
  const npm = process.env.npm_execpath;
  const [command, args] = npm
    ? [process.execPath, [npm, "ci", "--loglevel=error"]]
    : ["npm", ["ci", "--loglevel=error"]];
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" };
  const result = spawnSync(command, args, { cwd: root, env, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) {
    process.stderr.write("Installing packages failed: see the lines above; is the npm registry reachable?\n");
    process.exit(1);
  }
}

/** Compiles all packages (incremental, about a second when nothing changed) and, where it is older, the dashboard. */
export function ensureBuilt() {
  const result = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-b"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (result.status !== 0) {
    process.stderr.write("Compiling failed: see the lines above.\n");
    process.exit(1);
  }
  if (dashboardIsOld()) buildDashboard();
}

const DASHBOARD = `${root}apps/coordinator/dashboard`;

/** Bundles the dashboard into the coordinator's build, in two seconds or so. */
export function buildDashboard() {
  const vite = [`${root}node_modules/vite/bin/vite.js`, "build", "--config", `${DASHBOARD}/vite.config.mjs`];
  const result = spawnSync(process.execPath, [...vite, "--logLevel", "warn"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) {
    process.stderr.write("Building the dashboard failed: see the lines above.\n");
    process.exit(1);
  }
}

function dashboardIsOld() {
  const built = `${root}apps/coordinator/dist/dashboard/index.html`;
  if (!existsSync(built)) return true;
  const { mtimeMs } = statSync(built);
  const files = readdirSync(DASHBOARD, { recursive: true, withFileTypes: true }).map(
    ({ parentPath, name }) => `${parentPath}/${name}`,
  );
  return [DASHBOARD, `${root}package-lock.json`, ...files].some((file) => statSync(file).mtimeMs > mtimeMs);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInstalled();

// `node infra/scripts/with-postgres.mjs COMMAND ...`: runs a command beside a PostgreSQL of its own, which is made for it
// under a temporary folder and gone afterwards. FEDBAPS_TEST_DATABASE_URL names it to the command. Debian's postgresql is
// enough; nothing of it needs to run.
import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

const INSTALLED = "/usr/lib/postgresql";

/** The newest version's programs; undefined where there is none. */
function programs() {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(INSTALLED, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}

/** PostgreSQL refuses to run as root: then as the user that its package made. */
function owner() {
  if (userInfo().uid !== 0) return {};
  const id = (flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts one. @returns its address, and how to stop it */
export async function startPostgres() {
  const bin = programs();
  if (bin === undefined)
    throw new Error(`no PostgreSQL under ${INSTALLED}; install Debian's package: apt-get install postgresql`);
  const as = owner();
  const folder = mkdtempSync(join(tmpdir(), "fedbaps-postgres-"));
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, "data");
  const run = (program, ...argv) =>
    execFileSync(join(bin, program), argv, { ...as, cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const port = await freePort();
  run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8");
  const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c max_connections=200`;
  run("pg_ctl", "-D", data, "-w", "-l", join(folder, "log"), "-o", settings, "start");
  const stop = () => {
    try {
      run("pg_ctl", "-D", data, "-m", "immediate", "stop");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop };
}

if (process.argv[1] === import.meta.filename) {
  const [command, ...argv] = process.argv.slice(2);
  const { url, stop } = await startPostgres();
  const child = spawn(command, argv, { stdio: "inherit", env: { ...process.env, FEDBAPS_TEST_DATABASE_URL: url } });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  const status = await new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code) => resolve(code ?? 1));
  });
  stop();
  process.exit(status);
}

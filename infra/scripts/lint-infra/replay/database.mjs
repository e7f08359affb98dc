// This machine's PostgreSQL in the place of the image's.
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const POSTGRES = "/usr/lib/postgresql";

/** What this machine has of PostgreSQL. @returns {string | undefined} the folder of its programs */
export function postgresPrograms() {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(POSTGRES, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}

/** PostgreSQL by the service's settings, on the isolated network. */
export function startDatabase(service, { folder, secrets, network }) {
  const bin = postgresPrograms();
  const id = (flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  const as = { uid: id("-u"), gid: id("-g") };
  const home = join(folder, "postgres");
  mkdirSync(home, { mode: 0o700 });
  const password = join(home, "password");
  const { POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS, POSTGRES_PASSWORD_FILE } = service.environment;
  const given = readFileSync(POSTGRES_PASSWORD_FILE.replace("/run/secrets", secrets));
  execFileSync("sh", ["-c", `umask 077; cat > "$1"`, "sh", password], { input: given });
  chownSync(home, as.uid, as.gid);
  chownSync(password, as.uid, as.gid);
  // The layers' folder is root's alone.
  chmodSync(folder, 0o711);
  const run = (program, ...argv) =>
    execFileSync(
      network.enter[0],
      [
        ...network.enter.slice(1),
        "setpriv",
        `--reuid=${as.uid}`,
        `--regid=${as.gid}`,
        "--clear-groups",
        join(bin, program),
        ...argv,
      ],
      {
        cwd: home,
        env: { PATH: process.env.PATH, PGPASSWORD: given.toString().trim() },
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
  const cluster = join(home, "data");
  run(
    "initdb",
    "-D",
    cluster,
    "-U",
    POSTGRES_USER,
    `--pwfile=${password}`,
    ...POSTGRES_INITDB_ARGS.split(" "),
    "--no-sync",
  );
  run(
    "pg_ctl",
    "-D",
    cluster,
    "-w",
    "-l",
    join(home, "log"),
    "-o",
    `-p 5432 -k ${home} -c listen_addresses=127.0.0.1`,
    "start",
  );
  run("createdb", "-h", "127.0.0.1", "-U", POSTGRES_USER, POSTGRES_DB);
  const healthy = () => {
    try {
      const [, program, ...argv] = service.healthcheck.test;
      run(program, ...argv);
      return true;
    } catch {
      return false;
    }
  };
  return { healthy, stop: () => run("pg_ctl", "-D", cluster, "-m", "immediate", "stop") };
}

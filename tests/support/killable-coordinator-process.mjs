// A coordinator that kills its own process with SIGKILL at a chosen write to its database. Started by
// killable-coordinator.ts, which gives it its settings as JSON; the program's own compiled code, wrapped from outside.
import { randomBytes } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { Server } from "socket.io";
import { startCoordinator } from "../../apps/coordinator/dist/app.js";
import { writePoints } from "./write-points.mjs";

const { home, port, speed, ping, kill } = JSON.parse(process.argv[2]);
const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);

const query = PGlite.prototype.query;
let points = 0;
let known = "";

/** The sums of completed rounds that are stored: they must outlive everything. */
async function saySums(database) {
  const { rows } = await query.call(
    database,
    `select study, round, attempt, encode(sha256(sum), 'hex') as sum from rounds where phase = 'completed' order by 1, 2`,
  );
  const text = JSON.stringify(rows);
  if (text !== known) say({ sums: rows });
  known = text;
}

function die(what) {
  say({ killed: what });
  process.kill(process.pid, "SIGKILL");
}

const gates = new WeakMap();
PGlite.prototype.query = async function (sql, parameters, options) {
  if (!gates.has(this)) {
    const around = async (what, write) => {
      const due = ++points === kill?.point;
      if (due && kill.when === "before") die(what);
      const result = await write();
      if (due) die(what);
      await saySums(this);
      return result;
    };
    gates.set(this, writePoints(around, kill?.study));
  }
  return gates.get(this)(sql, parameters, () => query.call(this, sql, parameters, options));
};

const attach = Server.prototype.attach;
Server.prototype.attach = function (server, options) {
  if (ping !== undefined) Object.assign(this.opts, { pingInterval: ping, pingTimeout: ping });
  return attach.call(this, server, options);
};

// From a fixed moment on, so that time goes on over restarts.
const began = 1_790_000_000_000;
const clock = {
  now: () => Math.round(began + (Date.now() - began) * speed),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds / speed);
    return () => clearTimeout(timer);
  },
};

const coordinator = await startCoordinator({
  home,
  host: "127.0.0.1",
  port,
  clock: speed === 1 ? { ...clock, now: Date.now } : clock,
  logger: silentLogger,
  random: randomBytes,
});
say({
  ready: {
    url: coordinator.url,
    fingerprint: coordinator.fingerprint,
    token: readFileSync(`${home}/admin-token`, "utf8").trim(),
  },
});
process.once("SIGTERM", () => void coordinator.close().then(() => process.exit(0)));

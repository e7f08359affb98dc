import { randomBytes } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { Server } from "node:http";
import { join } from "node:path";
import { PGlite, types } from "@electric-sql/pglite";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { jest } from "@jest/globals";
import type { FaultProxy } from "./fault-proxy.js";
import type { KillPoint } from "./killable-coordinator.js";
import type { Centre } from "./simulated-site.js";
import { writePoints } from "./write-points.mjs";

// The coordinator's code, many lives of it on one database in this process. A life that is killed gets no answer from the
// database any more, no timer and no link: nothing that it still does can be seen. What is stored is what was stored.
// Starting a process with a database takes seconds; this takes none, so that every single write can have its kill.

type Gate = ReturnType<typeof writePoints>;

let database: PGlite | undefined;
let life: Life | undefined;

class Life {
  dead = false;
  points = 0;
  readonly gate: Gate;

  constructor(
    readonly kill: KillPoint | undefined,
    private readonly killed: (what: string) => void,
  ) {
    this.gate = writePoints(async (what, write) => {
      const due = ++this.points === kill?.point;
      if (due && kill?.when === "before") return this.#die(what);
      const result = await write();
      return due ? this.#die(what) : result;
    }, kill?.study);
  }

  #die(what: string): Promise<never> {
    this.dead = true;
    this.killed(what);
    return forever;
  }
}

const forever = new Promise<never>(() => {});

/** The servers of all lives: a life that dies before it serves gives nobody a way to close its own. */
const servers = new Set<Server>();
const { listen } = Server.prototype;
Server.prototype.listen = function (this: Server, ...given: unknown[]) {
  servers.add(this);
  return Reflect.apply(listen, this, given);
};

jest.unstable_mockModule("@electric-sql/pglite", () => ({
  types,
  /** Stands before the one database, for the life that opens it. */
  PGlite: class {
    readonly #life = life;
    readonly waitReady: Promise<void>;

    constructor(given?: string | { dataDir?: string }) {
      const folder = typeof given === "object" ? given.dataDir : given;
      this.waitReady = folder === undefined ? Promise.resolve() : mkdir(folder, { recursive: true }).then(() => {});
    }

    async query(sql: string, parameters?: unknown[]): Promise<unknown> {
      await this.waitReady;
      const { gate } = this.#life ?? {};
      const run = async () => {
        const result = await database?.query(sql, parameters);
        return this.#life?.dead ? forever : result;
      };
      if (this.#life?.dead) return forever;
      return gate ? gate(sql, parameters, run) : run();
    }

    exec(sql: string): Promise<unknown> {
      return this.#life?.dead || !database ? forever : database.exec(sql);
    }

    async close(): Promise<void> {}
  },
}));

export class MortalCoordinator implements Centre {
  #url = "";
  fingerprint = "";
  #token = "";
  #serving = false;
  /** What was being written when it died, kill by kill. */
  readonly kills: string[] = [];
  /** The networks of the sites: they hear nothing of a dead coordinator. */
  readonly networks = new Set<FaultProxy>();
  #died: () => void = () => {};
  #death: Promise<void> = forever;

  private constructor(
    private readonly home: string,
    private readonly speed: number,
  ) {}

  /** @param speed how fast its clock runs: repeated attempts pause for up to a minute. */
  static async start(folder: string, speed = 1): Promise<MortalCoordinator> {
    database = await PGlite.create();
    const coordinator = new MortalCoordinator(join(folder, "coordinator"), speed);
    await coordinator.start();
    return coordinator;
  }

  get url(): string {
    return this.#url;
  }

  /** Resolves when the life in hand has been killed. */
  get death(): Promise<void> {
    return this.#death;
  }

  /** Begins a life on what is stored. */
  async start(kill?: KillPoint): Promise<void> {
    // What a killed process leaves: its lock, and a transaction that its connection took with it.
    await rm(join(this.home, "coordinator.lock"), { force: true });
    await database?.exec("rollback");
    this.#death = new Promise((resolve) => {
      this.#died = resolve;
    });
    const mine = new Life(kill, (what) => {
      this.kills.push(what);
      this.#end();
    });
    life = mine;
    const { startCoordinator } = await import("@fedbaps/coordinator/app.js");
    const random = (count: number) => new Uint8Array(randomBytes(count));
    const clock = clockOf(mine, this.speed);
    const options = { home: this.home, host: "127.0.0.1", port: 0, clock, logger: silentLogger, random };
    const started = await Promise.race([startCoordinator(options), this.#death]);
    if (!started) return;
    this.#serving = true;
    this.#url = started.url;
    this.fingerprint = started.fingerprint;
    this.#token = started.newAdminToken ?? this.#token;
    for (const network of this.networks) {
      network.leadTo(Number(new URL(started.url).port));
      network.refuse(false);
    }
  }

  kill(): void {
    if (!life || life.dead) return;
    life.dead = true;
    this.#end();
  }

  async ask<T>(method: string, path: string, body?: unknown): Promise<T | undefined> {
    if (life?.dead || !this.#serving) return undefined;
    const answer = fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const response = await Promise.race([answer, this.#death]);
    return response?.ok ? ((await response.json()) as T) : undefined;
  }

  /** SHA-256 of the sums of completed rounds, by "study/round/attempt". */
  async sums(): Promise<Record<string, string>> {
    const { rows } = (await database?.query<{ key: string; sum: string }>(
      `select study || '/' || round || '/' || attempt as key, encode(sha256(sum), 'hex') as sum
       from rounds where phase = 'completed'`,
    )) ?? { rows: [] };
    return Object.fromEntries(rows.map(({ key, sum }) => [key, sum]));
  }

  /** Kills the life in hand and closes the database. */
  async close(): Promise<void> {
    this.kill();
    await database?.close();
    database = undefined;
    Server.prototype.listen = listen;
  }

  #end(): void {
    this.#serving = false;
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    servers.clear();
    for (const network of this.networks) {
      network.refuse();
      network.cut();
    }
    this.#died();
  }
}

const began = Date.now();

function clockOf(mine: Life, speed: number): Clock {
  return {
    now: () => Math.round(began + (Date.now() - began) * speed),
    after(milliseconds, callback) {
      const timer = setTimeout(() => {
        if (!mine.dead) callback();
      }, milliseconds / speed).unref();
      return () => clearTimeout(timer);
    },
  };
}

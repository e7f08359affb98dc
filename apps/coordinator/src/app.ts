import { writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { fingerprint, memberOf, type RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { sql } from "kysely";
import { adminTokenFile, checkListen, urlOf } from "./config.js";
import { CoordinatorError } from "./errors.js";
import { loadIdentity, lockHome, prepareHome } from "./home.js";
import { createApi } from "./http/api.js";
import { Connections } from "./realtime/connections.js";
import { openGateway } from "./realtime/gateway.js";
import { SiteMessages } from "./realtime/site-messages.js";
import { Studies } from "./rounds/studies.js";
import { isNewDatabase, openDatabase } from "./store/database.js";
import { EpochRepository } from "./store/epoch-repository.js";
import { RosterRepository } from "./store/roster-repository.js";
import { RoundRepository } from "./store/round-repository.js";
import type { Database } from "./store/schema.js";
import { SiteRepository } from "./store/site-repository.js";
import { StudyRepository } from "./store/study-repository.js";
import { TokenRepository } from "./store/token-repository.js";

export interface CoordinatorOptions {
  /** Keys, database and token file; without it everything is in memory and gone at the end. */
  readonly home: string | undefined;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly insecureHttp?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: RandomBytes;
  /** Says something to the person who waits for the start. */
  readonly note?: (line: string) => void;
}

export interface Coordinator {
  readonly url: string;
  /** Of the coordinator's key, for people to compare. */
  readonly fingerprint: string;
  /** The first start makes an admin token; later ones give undefined. */
  readonly newAdminToken: string | undefined;
  /** Stops in reverse order of the start; running studies go on at the next one. */
  close(): Promise<void>;
}

/** Starts a coordinator: the only wiring. @throws UsageError, CoordinatorError */
export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const { home, host, port, clock, logger, random } = options;
  checkListen(host, port, options.insecureHttp ?? false);
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    if (home !== undefined) {
      await prepareHome(home);
      closing.push(lockHome(home));
    }
    const identity = loadIdentity(home, random);
    const publicKey = memberOf(identity).signKey;
    // Listening comes before the database, which takes seconds when it is new: a taken port is told at once.
    let handler: RequestListener = (_request, response) => response.writeHead(503).end();
    const server = createServer((request, response) => handler(request, response));
    const url = urlOf(host, await listen(server, host, port));
    closing.push(() => stopListening(server));
    const drawn = isNewDatabase(home) ? drawToken(options) : undefined;
    if (home !== undefined && drawn !== undefined) options.note?.("making a new database, this takes some seconds");
    const db = await openDatabase(home);
    closing.push(() => db.destroy());

    const [tokens, sites] = [new TokenRepository(db), new SiteRepository(db)];
    const [studyRepository, rounds] = [new StudyRepository(db), new RoundRepository(db)];
    const newAdminToken = await firstToken(tokens, options, drawn);
    const connections = new Connections(sites);
    closing.push(() => connections.saved());
    const rosters = new RosterRepository(db);
    const epochs = new EpochRepository(db);
    const stores = { sites, rounds, rosters, epochs };
    const studies = new Studies({ ...stores, studies: studyRepository, clock, logger, outbox: connections });
    closing.push(() => studies.close());
    await studies.resumeAll();
    const shared = { ...stores, studies, studyRepository, connections, tokens, publicKey, random, clock, logger };
    const messages = new SiteMessages(shared);
    closing.push(openGateway({ ...shared, messages }, server));
    handler = createApi({ ...shared, ready: () => answers(db) });
    logger.info("listening", { url });
    return { url, fingerprint: fingerprint(publicKey), newAdminToken, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Draws an admin token and writes its file, which comes before the database: an interrupted start makes another one. */
function drawToken({ home, random }: CoordinatorOptions): string {
  const token = Buffer.from(random(32)).toString("base64url");
  if (home === undefined) return token;
  try {
    writeFileSync(adminTokenFile(home), `${token}\n`, { mode: 0o600 });
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    throw new CoordinatorError("HOME_UNUSABLE", `cannot write ${adminTokenFile(home)}: ${reason}`);
  }
  return token;
}

/** Lets in the first admin, by the token that was drawn for a new database. */
async function firstToken(
  tokens: TokenRepository,
  options: CoordinatorOptions,
  drawn: string | undefined,
): Promise<string | undefined> {
  if (await tokens.any()) return undefined;
  const token = drawn ?? drawToken(options);
  await tokens.add(token, "admin", options.clock.now());
  return token;
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const why = taken
        ? `port ${port} on ${host} is taken; choose another with --port`
        : `cannot listen on ${host}:${port} (${error.code})`;
      reject(new CoordinatorError(taken ? "PORT_IN_USE" : "CANNOT_LISTEN", why));
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function stopListening(server: Server): Promise<void> {
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}

async function answers(db: Database): Promise<boolean> {
  try {
    await sql`select 1`.execute(db);
    return true;
  } catch {
    return false;
  }
}

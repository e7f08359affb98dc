import type { RequestListener } from "node:http";
import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { fingerprint, memberOf, type RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { sql } from "kysely";
import { adoptRosters } from "./audit/adopt-rosters.js";
import { AuditLog } from "./audit/audit-log.js";
import { checkListen, urlOf } from "./config.js";
import { drawToken, firstToken } from "./first-token.js";
import { Heartbeat } from "./heartbeat.js";
import { lockHome, prepareHome } from "./home.js";
import { createApi } from "./http/api.js";
import type { RateLimits } from "./http/limits.js";
import { loadIdentity, sharedIdentity } from "./identity.js";
import { createWebServer, listen, renewCertificate, stopListening } from "./listening.js";
import { LiveFeed } from "./live-feed.js";
import { Cluster } from "./realtime/cluster.js";
import { serveCluster } from "./realtime/cluster-service.js";
import { Connections } from "./realtime/connections.js";
import { createIo, hasRoom, openGateway } from "./realtime/gateway.js";
import { SiteMessages } from "./realtime/site-messages.js";
import { Studies } from "./rounds/studies.js";
import { isNewDatabase, type OpenDatabase, openDatabase } from "./store/database.js";
import { EpochRepository } from "./store/epoch-repository.js";
import { LeaseRepository } from "./store/lease-repository.js";
import { createMessagePool } from "./store/pool.js";
import { PresenceRepository } from "./store/presence-repository.js";
import { ReplicaRepository } from "./store/replica-repository.js";
import { RosterRepository } from "./store/roster-repository.js";
import { RoundRepository } from "./store/round-repository.js";
import type { Database } from "./store/schema.js";
import { SessionRepository } from "./store/session-repository.js";
import { SiteRepository } from "./store/site-repository.js";
import { StudyRepository } from "./store/study-repository.js";
import { TokenRepository } from "./store/token-repository.js";
import { createMetrics } from "./telemetry/metrics.js";
import type { TlsFiles } from "./tls-files.js";

export interface CoordinatorOptions {
  /** Keys, database and token file; without it everything is in memory and gone at the end. */
  readonly home: string | undefined;
  /** Address of a PostgreSQL that is used instead of the embedded one; other coordinator processes may use it too. */
  readonly databaseUrl?: string | undefined;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly insecureHttp?: boolean;
  /** Speaks TLS with this certificate; without, plain HTTP. */
  readonly tls?: TlsFiles | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: RandomBytes;
  /** How often the API may be asked; the default is for production. */
  readonly limits?: RateLimits;
  /** Addresses or networks of proxies on other machines that are believed who it is that asks, and over what. */
  readonly trustedProxies?: readonly string[];
  /** Says something to the person who waits for the start. */
  readonly note?: (line: string) => void;
}

export interface Coordinator {
  readonly url: string;
  /** Of the coordinator's key, for people to compare. */
  readonly fingerprint: string;
  /** The id of this process among those that share its database. */
  readonly replica: string;
  /** The first start makes an admin token; later ones give undefined. */
  readonly newAdminToken: string | undefined;
  /** Reads the certificate's files again. @throws UsageError, and goes on with the one that it has */
  renewCertificate(): void;
  /** Stops in reverse order of the start; running studies go on at another process, or at the next start. */
  close(): Promise<void>;
}

/** Starts a coordinator: the only wiring. @throws UsageError, CoordinatorError */
export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const { home, databaseUrl, host, port, tls, clock, logger, random } = options;
  checkListen(host, port, tls !== undefined || options.insecureHttp === true);
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    if (home !== undefined) {
      await prepareHome(home);
      closing.push(lockHome(home));
    }
    // Listening comes before the database, which takes seconds when it is new: a taken port is told at once.
    let handler: RequestListener = (_request, response) => response.writeHead(503).end();
    const server = createWebServer(tls, (request, response) => handler(request, response));
    const url = urlOf(host, await listen(server, host, port), tls !== undefined);
    closing.push(() => stopListening(server));
    const place = { home, url: databaseUrl };
    // The token's file comes before the database: an interrupted start makes another one.
    const drawn = isNewDatabase(place) ? drawToken(home, random) : undefined;
    if (home !== undefined && drawn !== undefined) options.note?.("making a new database, this takes some seconds");
    const database = await openDatabase(place);
    closing.push(() => database.close());
    const { db, kind } = database;
    const identity = kind === "embedded" ? loadIdentity(home, random) : await sharedIdentity(db, home, random);
    const publicKey = memberOf(identity).signKey;
    const replica = Buffer.from(random(6)).toString("hex");

    const stores = {
      sites: new SiteRepository(db),
      rounds: new RoundRepository(db),
      rosters: new RosterRepository(db),
      epochs: new EpochRepository(db),
      leases: new LeaseRepository(db, replica),
      replicas: new ReplicaRepository(db, replica),
      presences: new PresenceRepository(db, replica),
      tokens: new TokenRepository(db),
      sessions: new SessionRepository(db),
    };
    const studyRepository = new StudyRepository(db);
    // Set last: a site that came in earlier would never be asked who it is, and wait for ever.
    let admitting: Connections | undefined;
    const pool = databaseUrl === undefined ? undefined : createMessagePool(databaseUrl);
    if (pool !== undefined) closing.push(() => pool.end());
    const io = createIo(server, pool, (clients) => admitting !== undefined && hasRoom(clients, admitting));
    const cluster = new Cluster({ io: pool === undefined ? undefined : io, own: replica, clock, random });
    const feed = new LiveFeed(
      clock,
      cluster.shared ? (change) => cluster.tell({ kind: "changed", change }) : undefined,
    );
    const metrics = createMetrics();
    closing.push(() => metrics.close());
    const base = { db, cluster, replica, feed, telemetry: metrics, metrics, clock, logger, random };
    const audit = new AuditLog({ ...base, key: identity.sign });
    const newAdminToken = await firstToken(audit, { home, random, now: clock.now(), drawn });
    const connections = new Connections({ ...stores, ...base });
    closing.push(() => connections.close());

    const studies = new Studies({ ...stores, ...base, studies: studyRepository, audit, outbox: connections });
    closing.push(await beginLife(database, stores.replicas, { ...base, studies, ...stores, connections }));
    closing.push(() => studies.close());
    const shared = { ...stores, ...base, audit, studies, studyRepository, connections, publicKey, identity, url };
    const messages = new SiteMessages(shared);
    serveCluster({ ...shared, messages });
    await audit.record({ actor: "coordinator", action: "coordinator.started", details: { replica } });
    await adoptRosters(audit, db);
    closing.push(() =>
      audit.record({ actor: "coordinator", action: "coordinator.stopped", details: { replica } }).catch(() => {}),
    );
    await studies.reconcile();
    closing.push(openGateway({ ...shared, messages }, io, server));
    admitting = connections;
    handler = createApi({
      ...shared,
      ...(options.limits ? { limits: options.limits } : {}),
      trustedProxies: options.trustedProxies ?? [],
      database: kind,
      ready: () => answers(db),
    });
    logger.info("listening", { url });
    const renew = () => tls && renewCertificate(server, tls);
    return { url, fingerprint: fingerprint(publicKey), replica, newAdminToken, renewCertificate: renew, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface LifeComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly studies: Studies;
  readonly sites: SiteRepository;
  readonly connections: Connections;
}

/** Makes this process one of the living. The embedded database has no other. */
async function beginLife(
  { kind }: OpenDatabase,
  replicas: ReplicaRepository,
  { clock, logger, studies, sites, connections }: LifeComponents,
): Promise<() => Promise<void>> {
  if (kind === "embedded") {
    await replicas.beat(clock.now());
    await replicas.alone();
    return () => replicas.leave().catch(() => {});
  }
  const beaten = async () => {
    studies.attend();
    const admitted = (await sites.list()).filter(({ status }) => status === "approved").map(({ name }) => name);
    connections.keepOnly(new Set(admitted));
  };
  const heartbeat = new Heartbeat({ replicas, clock, logger, beaten });
  await heartbeat.start();
  return () => heartbeat.stop();
}

async function answers(db: Database): Promise<boolean> {
  try {
    await sql`select 1`.execute(db);
    return true;
  } catch {
    return false;
  }
}

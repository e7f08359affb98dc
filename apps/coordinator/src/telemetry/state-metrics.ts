import { sql } from "kysely";
import { Gauge, type Registry } from "prom-client";
import type { LeaseRepository } from "../store/lease-repository.js";
import type { Presence } from "../store/presence-repository.js";
import type { ReplicaRepository } from "../store/replica-repository.js";
import type { Database } from "../store/schema.js";

export interface StateComponents {
  readonly db: Database;
  readonly leases: LeaseRepository;
  readonly replicas: ReplicaRepository;
  readonly connections: { readonly count: number; all(): Promise<Map<string, Presence>> };
  /** The reason of every study that waits. */
  readonly waiting: () => Promise<string[]>;
}

const STUDIES = ["draft", "enrolling", "running", "paused", "completed", "aborted"];
const SITES = ["invited", "pending", "approved", "revoked"];

/** What the database says when it is asked: the same at every process of one coordinator, but for what is held here. */
export class StateMetrics {
  readonly #up: Gauge;
  readonly #studies: Gauge<"status">;
  readonly #waiting: Gauge<"reason">;
  readonly #sites: Gauge<"status">;
  readonly #connected: Gauge;
  readonly #connections: Gauge;
  readonly #completed: Gauge;
  readonly #aborted: Gauge<"code">;
  readonly #bytes: Gauge<"direction">;
  readonly #leases: Gauge;
  readonly #replicas: Gauge;
  readonly #audit: Gauge;

  constructor(
    registry: Registry,
    private readonly components: StateComponents,
  ) {
    const registers = [registry];
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
    const by = <T extends string>(label: T, name: string, help: string) =>
      new Gauge({ name, help, labelNames: [label], registers });
    this.#up = gauge(
      "fedbaps_database_up",
      "Whether the database answered this scrape; without it the rest is missing",
    );
    this.#studies = by("status", "fedbaps_studies", "Studies, by status");
    this.#waiting = by("reason", "fedbaps_studies_waiting", "Studies that wait, by the code of what they wait for");
    this.#sites = by("status", "fedbaps_sites", "Sites, by status");
    this.#connected = gauge("fedbaps_sites_connected", "Sites that are connected, to this process or another");
    this.#connections = gauge("fedbaps_connections", "Sites that are connected to this process");
    this.#completed = gauge("fedbaps_rounds_completed", "Completed rounds of all studies");
    this.#aborted = by("code", "fedbaps_rounds_aborted", "Aborted attempts at rounds of all studies, by code");
    this.#bytes = by(
      "direction",
      "fedbaps_site_bytes",
      "Bytes that the links of all sites have carried: up from the sites, down to them",
    );
    this.#leases = gauge("fedbaps_leases_held", "Studies that this process drives");
    this.#replicas = gauge("fedbaps_replicas", "Processes of this coordinator that live");
    this.#audit = gauge("fedbaps_audit_records", "Records in the audit log");
  }

  /** Reads everything anew. */
  async refresh(): Promise<void> {
    this.#clear();
    this.#connections.set(this.components.connections.count);
    try {
      await this.#read();
      this.#up.set(1);
    } catch {
      this.#clear();
      this.#up.set(0);
    }
  }

  /** Takes away every figure that is not known now. */
  #clear(): void {
    for (const gauge of [this.#studies, this.#waiting, this.#sites, this.#aborted, this.#bytes]) gauge.reset();
    for (const gauge of [this.#completed, this.#audit, this.#connected, this.#leases, this.#replicas]) gauge.remove();
  }

  async #read(): Promise<void> {
    const { db, leases, replicas, connections, waiting } = this.components;
    const count = sql<number | string>`count(*)`.as("count");
    const studies = await db.selectFrom("studies").select(["status", count]).groupBy("status").execute();
    for (const status of STUDIES) this.#studies.set({ status }, 0);
    for (const row of studies) this.#studies.set({ status: row.status }, Number(row.count));
    const sites = await db.selectFrom("sites").select(["status", count]).groupBy("status").execute();
    for (const status of SITES) this.#sites.set({ status }, 0);
    for (const row of sites) this.#sites.set({ status: row.status }, Number(row.count));
    const rounds = await db
      .selectFrom("rounds")
      .select(["phase", "code", count])
      .where("phase", "in", ["completed", "aborted"])
      .groupBy(["phase", "code"])
      .execute();
    this.#completed.set(0);
    for (const row of rounds)
      if (row.phase === "completed") this.#completed.inc(Number(row.count));
      else this.#aborted.inc({ code: row.code ?? "" }, Number(row.count));
    const audit = await db.selectFrom("audit_head").select("seq").executeTakeFirst();
    this.#audit.set(Number(audit?.seq ?? 0));
    const presences = [...(await connections.all()).values()];
    this.#connected.set(presences.filter(({ connected }) => connected).length);
    const total = (of: (presence: Presence) => number) => presences.reduce((sum, presence) => sum + of(presence), 0);
    this.#bytes.set(
      { direction: "up" },
      total(({ bytesUp }) => bytesUp),
    );
    this.#bytes.set(
      { direction: "down" },
      total(({ bytesDown }) => bytesDown),
    );
    const holders = [...(await leases.holders()).values()];
    this.#leases.set(holders.filter((replica) => replica === replicas.own).length);
    this.#replicas.set((await replicas.living()).length);
    for (const reason of await waiting()) this.#waiting.inc({ reason });
  }
}

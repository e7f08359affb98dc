import { sql } from "kysely";
import { CoordinatorError } from "../errors.js";
import type { Database } from "./schema.js";

/** The right of one process to drive one study. `fence` grows with every change of hands. */
export interface Lease {
  readonly study: string;
  readonly fence: number;
  /** Whether another process held it that is gone. */
  readonly expired: boolean;
}

/**
 * Who drives which study. PostgreSQL decides: a lease is held by a replica for as long as that replica is alive there
 * (`ReplicaRepository.beat`), and what a driver writes is written only while it holds the lease.
 */
export class LeaseRepository {
  constructor(
    private readonly db: Database,
    private readonly replica: string,
  ) {}

  /** Takes the lease of a study unless a living replica holds it; undefined then. Its own is renewed. */
  async acquire(study: string): Promise<Lease | undefined> {
    return this.db.transaction().execute(async (transaction) => {
      const before = await transaction
        .selectFrom("leases")
        .select("replica")
        .where("study", "=", study)
        .forUpdate()
        .executeTakeFirst();
      const row = await transaction
        .insertInto("leases")
        .values({ study, replica: this.replica, fence: 1 })
        .onConflict((conflict) =>
          conflict
            .column("study")
            .doUpdateSet((set) => ({ replica: this.replica, fence: sql<number>`${set.ref("leases.fence")} + 1` }))
            .where(({ or, not, exists, selectFrom, eb }) =>
              or([
                eb("leases.replica", "=", this.replica),
                not(
                  exists(
                    selectFrom("replicas")
                      .select("id")
                      .whereRef("id", "=", "leases.replica")
                      .where("alive_until", ">", sql<Date>`clock_timestamp()`),
                  ),
                ),
              ]),
            ),
        )
        .returning("fence")
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const expired = before !== undefined && before.replica !== "" && before.replica !== this.replica;
      return { study, fence: Number(row.fence), expired };
    });
  }

  /** Gives a lease back, so that another replica need not wait. */
  async release({ study, fence }: Lease): Promise<void> {
    await this.db
      .updateTable("leases")
      .set({ replica: "" })
      .where("study", "=", study)
      .where("replica", "=", this.replica)
      .where("fence", "=", fence)
      .execute();
  }

  /** The living replica that drives each study. */
  async holders(): Promise<Map<string, string>> {
    const rows = await this.db
      .selectFrom("leases")
      .innerJoin("replicas", "replicas.id", "leases.replica")
      .select(["study", "replica"])
      .where("alive_until", ">", sql<Date>`clock_timestamp()`)
      .execute();
    return new Map(rows.map((row) => [row.study, row.replica]));
  }

  /**
   * Writes in one transaction, during which nobody can take the lease over.
   * @throws CoordinatorError LEASE_LOST when another replica has taken it: nothing is written then.
   */
  async guard<T>({ study, fence }: Lease, write: (transaction: Database) => Promise<T>): Promise<T> {
    return this.db.transaction().execute(async (transaction) => {
      const held = await transaction
        .selectFrom("leases")
        .select("study")
        .where("study", "=", study)
        .where("replica", "=", this.replica)
        .where("fence", "=", fence)
        .forShare()
        .executeTakeFirst();
      if (held === undefined)
        throw new CoordinatorError("LEASE_LOST", `another coordinator drives study ${study} now`, { study });
      return write(transaction);
    });
  }
}

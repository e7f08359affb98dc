import type { AuditEntry } from "../audit/audit-log.js";
import { EpochRepository } from "../store/epoch-repository.js";
import type { Lease } from "../store/lease-repository.js";
import { RoundRepository } from "../store/round-repository.js";
import type { Database } from "../store/schema.js";
import { StudyRepository } from "../store/study-repository.js";
import type { DriverComponents } from "./components.js";

/** What a driver changes, within one transaction. */
export interface WriteStores {
  readonly rounds: RoundRepository;
  readonly studies: StudyRepository;
  readonly epochs: EpochRepository;
  /** Tells the audit log of the change, in the same transaction. */
  record(entry: Omit<AuditEntry, "study" | "actor">): void;
}

/**
 * Everything that the driver of a study writes: each change and its audit records in one transaction, and only while
 * this process holds the study's lease.
 */
export class StudyWriter {
  constructor(
    private readonly components: Pick<DriverComponents, "leases" | "audit" | "feed">,
    readonly lease: Lease,
  ) {}

  /** @throws CoordinatorError LEASE_LOST: nothing is written then. */
  async write<T>(act: (stores: WriteStores) => Promise<T>): Promise<T> {
    const { leases, audit, feed } = this.components;
    const { study } = this.lease;
    const entries: Omit<AuditEntry, "study" | "actor">[] = [];
    const result = await leases.guard(this.lease, async (transaction: Database) => {
      const done = await act({
        rounds: new RoundRepository(transaction),
        studies: new StudyRepository(transaction),
        epochs: new EpochRepository(transaction),
        record: (entry) => void entries.push(entry),
      });
      // Last: appending to the log lets nobody else append until the end of the transaction.
      for (const entry of entries) await audit.record({ actor: "coordinator", study, ...entry }, transaction);
      return done;
    });
    feed.publish({ kind: "study", study });
    if (entries.length > 0) audit.announce();
    return result;
  }
}

import { toBase64 } from "@fedbaps/core/common/bytes.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import type { KeyPair } from "@fedbaps/core/secagg/keys.js";
import type { LiveFeed } from "../live-feed.js";
import { AuditRepository } from "../store/audit-repository.js";
import type { Database } from "../store/schema.js";
import type { AuditAction } from "./actions.js";
import { type AuditDetails, type AuditHead, type AuditRecord, signHead } from "./record.js";
import { type AuditReport, verifyAudit } from "./verify.js";

/** How many records an export reads at once; one of a round with 200 sites has some 60 kB. */
const EXPORT_PAGE = 50;

export interface AuditEntry {
  /** `admin:TOKEN-ID`, `viewer:TOKEN-ID`, `site:NAME`, `lead` or `coordinator`. */
  readonly actor: string;
  readonly action: AuditAction;
  readonly study?: string | undefined;
  readonly site?: string | undefined;
  /** Numbers, flags, names, codes, keys and hashes. Text with spaces is refused: no secrets, no free text. */
  readonly details?: AuditDetails;
}

export interface AuditComponents {
  readonly db: Database;
  /** The coordinator's Ed25519 pair: signs how far the log goes. */
  readonly key: KeyPair;
  readonly clock: Clock;
  readonly feed: LiveFeed;
}

/**
 * The log of what people, sites and the coordinator did, each record chained to the one before by its hash. Several
 * coordinators on one database append to one chain.
 */
export class AuditLog {
  readonly #repository: AuditRepository;

  constructor(private readonly components: AuditComponents) {
    this.#repository = new AuditRepository(components.db, toBase64(components.key.publicKey));
  }

  /**
   * Appends a record. Give the transaction that changes what it tells, and call this last in it: both are stored, or
   * neither. Then call `announce` after the commit. Without a transaction it opens one, and announces.
   * @throws TypeError for an entry that holds free text or an actor of another form.
   */
  async record(entry: AuditEntry, transaction?: Database): Promise<void> {
    const { actor, action, study = null, site = null, details = {} } = entry;
    const record = { at: this.components.clock.now(), actor, action, study, site, details };
    if (transaction !== undefined) return this.#repository.append(transaction, record);
    await this.components.db.transaction().execute((own) => this.#repository.append(own, record));
    this.announce();
  }

  /** Lets nobody else append until the end of the transaction. */
  async lock(transaction: Database): Promise<void> {
    await this.#repository.lockEnd(transaction);
  }

  /** Tells who watches that there are new records. */
  announce(): void {
    this.components.feed.publish({ kind: "audit" });
  }

  /** Changes something and records it, in one transaction; `act` says what there is to record, or undefined for nothing. */
  async within<T>(act: (transaction: Database) => Promise<{ result: T; entry: AuditEntry | undefined }>): Promise<T> {
    const { result, entry } = await this.components.db.transaction().execute(async (transaction) => {
      const done = await act(transaction);
      if (done.entry !== undefined) await this.record(done.entry, transaction);
      return done;
    });
    if (entry !== undefined) this.announce();
    return result;
  }

  /** How far the log goes now, signed. */
  async head(): Promise<AuditHead> {
    const { seq, hash } = await this.#repository.end();
    return signHead({ seq, hash, at: this.components.clock.now() }, this.components.key);
  }

  /** The records after `after`, in order. @returns `next`: give it as `after` for those that follow, null at the end. */
  async page(after: number, limit: number, study?: string): Promise<{ records: AuditRecord[]; next: number | null }> {
    const found = await this.#repository.page(after, limit + 1, { study });
    const records = found.slice(0, limit);
    return { records, next: found.length > limit ? records[records.length - 1].seq : null };
  }

  /** The whole log as it is now, and a signed head at its end. Records that come meanwhile are not in it. */
  async *export(): AsyncGenerator<AuditRecord | { head: AuditHead }> {
    const head = await this.head();
    for (let after = 0; after < head.seq; ) {
      const page = await this.#repository.page(after, EXPORT_PAGE, { upTo: head.seq });
      if (page.length === 0) break;
      yield* page;
      after = page[page.length - 1].seq;
    }
    yield { head };
  }

  /** Checks the stored log from its first record to its last. */
  verify(): Promise<AuditReport> {
    return verifyAudit(this.export());
  }
}

import { canonicalJson } from "@fedbaps/core/common/hash.js";
import type { Selectable } from "kysely";
import type { AuditAction } from "../audit/actions.js";
import { type AuditDetails, type AuditRecord, auditRecordSchema, genesisOf, recordHash } from "../audit/record.js";
import type { AuditTable, Database } from "./schema.js";

/** What a new record says; its place in the chain comes when it is appended. */
export type NewRecord = Omit<AuditRecord, "seq" | "previous" | "hash">;

/** Where the chain ends: seq 0 and the genesis hash while it is empty. */
export interface ChainEnd {
  readonly seq: number;
  readonly hash: string;
}

/** The audit log's tables. Records are appended and read; nothing here changes or deletes one. */
export class AuditRepository {
  readonly #genesis: string;

  /** @param publicKey the coordinator's Ed25519 key, base64: the chain begins with it. */
  constructor(
    private readonly db: Database,
    publicKey: string,
  ) {
    this.#genesis = genesisOf(publicKey);
  }

  /**
   * Appends a record within a transaction. The chain's end stays locked until that is over, so it should be the
   * transaction's last statement: two transactions that lock other rows after it may wait for each other.
   * @throws TypeError for a record that says what no record may say.
   */
  async append(transaction: Database, record: NewRecord): Promise<void> {
    const end = await this.lockEnd(transaction);
    const unhashed = { ...record, seq: end.seq + 1, previous: end.hash };
    const parsed = auditRecordSchema.safeParse({ ...unhashed, hash: recordHash(unhashed) });
    if (!parsed.success) {
      const [{ path, message }] = parsed.error.issues;
      throw new TypeError(`the audit record of ${record.action} is refused: ${path.join(".")} ${message}`);
    }
    const { details, ...columns } = parsed.data;
    await transaction
      .insertInto("audit")
      .values({ ...columns, details: canonicalJson(details) })
      .execute();
    await transaction
      .updateTable("audit_head")
      .set({ seq: parsed.data.seq, hash: parsed.data.hash })
      .where("id", "=", 1)
      .execute();
  }

  async end(): Promise<ChainEnd> {
    const row = await this.db.selectFrom("audit_head").selectAll().where("id", "=", 1).executeTakeFirst();
    return row === undefined ? { seq: 0, hash: this.#genesis } : { seq: Number(row.seq), hash: row.hash };
  }

  /** Records with `after < seq <= upTo`, in order, at most `limit` of them; of one study, where one is named. */
  async page(after: number, limit: number, { study, upTo }: PageFilter = {}): Promise<AuditRecord[]> {
    let query = this.db.selectFrom("audit").selectAll().where("seq", ">", after).orderBy("seq").limit(limit);
    if (study !== undefined) query = query.where("study", "=", study);
    if (upTo !== undefined) query = query.where("seq", "<=", upTo);
    return (await query.execute()).map(recordOf);
  }

  /** Where the chain ends; nobody else appends until the end of the transaction. */
  async lockEnd(transaction: Database): Promise<ChainEnd> {
    const locked = transaction.selectFrom("audit_head").selectAll().where("id", "=", 1).forUpdate();
    let row = await locked.executeTakeFirst();
    if (row === undefined) {
      await transaction
        .insertInto("audit_head")
        .values({ id: 1, seq: 0, hash: this.#genesis })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .execute();
      row = await locked.executeTakeFirstOrThrow();
    }
    return { seq: Number(row.seq), hash: row.hash };
  }
}

export interface PageFilter {
  readonly study?: string | undefined;
  readonly upTo?: number | undefined;
}

/** As it is stored, also where somebody has tampered with it: the verifier judges. */
function recordOf(row: Selectable<AuditTable>): AuditRecord {
  return {
    seq: Number(row.seq),
    at: Number(row.at),
    actor: row.actor,
    action: row.action as AuditAction,
    study: row.study,
    site: row.site,
    details: detailsOf(row.details),
    previous: row.previous,
    hash: row.hash,
  };
}

function detailsOf(text: string): AuditDetails {
  try {
    return JSON.parse(text) as AuditDetails;
  } catch {
    return { unreadable: true };
  }
}

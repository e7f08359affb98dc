import { fingerprint } from "@fedbaps/core/secagg/keys.js";
import { Evidence } from "./evidence.js";
import {
  type AuditHead,
  type AuditRecord,
  auditRecordSchema,
  genesisOf,
  headLineSchema,
  isSigned,
  recordHash,
} from "./record.js";

export type AuditProblemCode =
  /** A record says something else than when it was written. */
  | "CHANGED"
  /** A record was taken out. */
  | "MISSING"
  /** A record comes later than its place. */
  | "REORDERED"
  /** A record is there twice. */
  | "DUPLICATE"
  /** The newest records were cut off. */
  | "TRUNCATED"
  /** A receipt that the site did not sign so. */
  | "BAD_RECEIPT"
  /** A roster that the study lead did not sign so, or a cohort that it does not name. */
  | "BAD_ROSTER"
  /** The signed head does not belong to this log, or to this coordinator. */
  | "BAD_HEAD"
  /** A line that is no record. */
  | "MALFORMED";

export interface AuditProblem {
  /** The first bad record; of one that is missing, the number that it had. */
  readonly seq: number;
  readonly code: AuditProblemCode;
  /** One plain sentence. */
  readonly message: string;
}

export interface AuditReport {
  readonly ok: boolean;
  /** How many records were right, counted from the first. */
  readonly records: number;
  /** The signed head at the log's end, where one was reached. */
  readonly head: AuditHead | null;
  readonly problem: AuditProblem | null;
}

export interface VerifyOptions {
  /** The fingerprint of the coordinator's key, whole or its first 16 digits or more. */
  readonly fingerprint?: string | undefined;
  /** An earlier head that somebody kept, or the hash in one: the log must hold it. */
  readonly keptHead?: AuditHead | string | undefined;
}

/**
 * Checks a log from its first record to the signed head at its end: the chain of hashes, the lead's signatures, the sites'
 * receipts. Pure; holds one record and the rosters in memory.
 * @param entries parsed lines of an export, in their order; what is no record is reported, not thrown.
 */
export async function verifyAudit(entries: AsyncIterable<unknown>, options: VerifyOptions = {}): Promise<AuditReport> {
  const reader = new Reader(entries[Symbol.asyncIterator]());
  const verifier = new Verifier(reader, options);
  try {
    const problem = (await verifier.records()) ?? verifier.end();
    return { ok: problem === null, records: verifier.seq, head: verifier.head ?? null, problem };
  } finally {
    await reader.close();
  }
}

/** Reads entries one by one, and may look one ahead. */
class Reader {
  readonly #ahead: unknown[] = [];
  #ended = false;

  constructor(private readonly entries: AsyncIterator<unknown>) {}

  async next(): Promise<{ entry: unknown } | undefined> {
    if (this.#ahead.length > 0) return { entry: this.#ahead.shift() };
    if (this.#ended) return undefined;
    const { done, value } = await this.entries.next();
    if (done === true) this.#ended = true;
    return done === true ? undefined : { entry: value };
  }

  async peek(): Promise<unknown> {
    if (this.#ahead.length === 0) {
      const next = await this.next();
      if (next !== undefined) this.#ahead.push(next.entry);
    }
    return this.#ahead[0];
  }

  async close(): Promise<void> {
    await this.entries.return?.();
  }
}

class Verifier {
  /** Of the last record that was right. */
  seq = 0;
  head: AuditHead | undefined;
  #hash: string | undefined;
  #genesis: string | undefined;
  #keptSeen = false;
  readonly #evidence = new Evidence();

  constructor(
    private readonly reader: Reader,
    private readonly options: VerifyOptions,
  ) {}

  /** Every entry up to the head. */
  async records(): Promise<AuditProblem | null> {
    for (let next = await this.reader.next(); next !== undefined; next = await this.reader.next()) {
      const here = this.seq + 1;
      if (this.head !== undefined)
        return problem(here, "BAD_HEAD", "something follows the signed head, which is an export's last line");
      const line = headLineSchema.safeParse(next.entry);
      if (line.success) {
        this.head = line.data.head;
        continue;
      }
      const record = auditRecordSchema.safeParse(next.entry);
      if (!record.success)
        return problem(here, "MALFORMED", `what stands in the place of record ${here} is no record of this log`);
      const found = await this.#record(record.data, here);
      if (found !== null) return found;
    }
    return null;
  }

  async #record(record: AuditRecord, here: number): Promise<AuditProblem | null> {
    if (recordHash(record) !== record.hash)
      return problem(here, "CHANGED", `record ${here} was changed: its text does not have the hash that it names`);
    if (record.seq < here) return problem(record.seq, "DUPLICATE", `record ${record.seq} is there twice`);
    if (record.seq > here)
      return (await this.#comesLater(here))
        ? problem(here, "REORDERED", `record ${here} is not in its place: record ${record.seq} stands there`)
        : problem(here, "MISSING", `record ${here} is missing: record ${record.seq} stands in its place`);
    if (here === 1) this.#genesis = record.previous;
    else if (record.previous !== this.#hash) return this.#broken(record);
    const bad = this.#evidence.check(record);
    if (bad !== undefined) return problem(here, bad.code, `record ${here}: ${bad.message}`);
    this.seq = here;
    this.#hash = record.hash;
    return this.#compareKept(record);
  }

  /** Two neighbours do not fit. The one that the record after them confirms is right, so the other was changed. */
  async #broken({ seq, hash }: AuditRecord): Promise<AuditProblem> {
    const after = await this.reader.peek();
    const record = auditRecordSchema.safeParse(after);
    const head = headLineSchema.safeParse(after);
    const confirmed =
      (record.success && record.data.previous === hash) || (head.success && head.data.head.hash === hash);
    const bad = confirmed ? seq - 1 : seq;
    if (confirmed) this.seq = bad - 1;
    return problem(bad, "CHANGED", `record ${bad} was changed and given a new hash: the chain breaks at it`);
  }

  async #comesLater(seq: number): Promise<boolean> {
    for (let next = await this.reader.next(); next !== undefined; next = await this.reader.next()) {
      const record = auditRecordSchema.safeParse(next.entry);
      if (record.success && record.data.seq === seq) return true;
    }
    return false;
  }

  #compareKept({ seq, hash }: AuditRecord): AuditProblem | null {
    const kept = this.options.keptHead;
    if (kept === undefined) return null;
    if (typeof kept === "string") this.#keptSeen ||= kept === hash;
    else if (kept.seq === seq) {
      if (kept.hash !== hash)
        return problem(
          seq,
          "CHANGED",
          `record ${seq} is not the one of the kept head: it, or one before it, was changed`,
        );
      this.#keptSeen = true;
    }
    return null;
  }

  /** What the end of the log says, once all records are right by themselves. */
  end(): AuditProblem | null {
    const { head, seq } = this;
    const after = seq + 1;
    if (head === undefined)
      return problem(
        after,
        "TRUNCATED",
        `the log ends after record ${seq} without its signed head: its end was cut off`,
      );
    if (!isSigned(head)) return problem(seq, "BAD_HEAD", "the head is not signed by the key that it names");
    if (!this.#isExpectedKey(head))
      return problem(seq, "BAD_HEAD", "the head is signed by another key than the coordinator's that was given");
    const genesis = genesisOf(head.coordinator);
    if ((this.#genesis ?? genesis) !== genesis)
      return problem(1, "BAD_HEAD", "the head is signed by another coordinator than the one that began this log");
    if (head.seq > seq)
      return problem(after, "TRUNCATED", `record ${after} is missing: the signed head counts ${head.seq} records`);
    if (head.seq < seq) return problem(head.seq + 1, "BAD_HEAD", `the signed head counts only ${head.seq} records`);
    if (head.hash !== (this.#hash ?? genesis))
      return problem(seq, "CHANGED", `record ${seq} is not the one that the signed head names: it was changed`);
    return this.#keptProblem(head, genesis);
  }

  #isExpectedKey({ coordinator }: AuditHead): boolean {
    if (this.options.fingerprint === undefined) return true;
    const digits = this.options.fingerprint.toLowerCase().replace(/[^0-9a-f]/g, "");
    return digits.length >= 16 && fingerprint(coordinator).replaceAll(" ", "").startsWith(digits);
  }

  #keptProblem(head: AuditHead, genesis: string): AuditProblem | null {
    const kept = this.options.keptHead;
    if (kept === undefined || this.#keptSeen) return null;
    const after = this.seq + 1;
    if (typeof kept === "string")
      return kept === genesis
        ? null
        : problem(after, "TRUNCATED", "no record has the kept head's hash: the log was cut off or written anew");
    if (kept.coordinator !== head.coordinator || !isSigned(kept))
      return problem(this.seq, "BAD_HEAD", "the kept head is not signed by this log's coordinator");
    if (kept.seq === 0) return null;
    return problem(after, "TRUNCATED", `record ${after} is missing: the kept head counts ${kept.seq} records`);
  }
}

function problem(seq: number, code: AuditProblemCode, message: string): AuditProblem {
  return { seq, code, message };
}

import { appendFile, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { LocalTime } from "./local-time.js";

const lineSchema = z.object({ at: z.number(), queries: z.number().int() });
/** Days that are kept, for whoever looks what was asked when. */
const KEPT_DAYS = 31;

export interface QueryLedgerInit {
  /** Made when the first query is counted. */
  readonly folder: string;
  readonly time: LocalTime;
  readonly now: () => number;
}

/** Queries set aside on the day of their asking. */
export interface Booking {
  readonly day: string;
  readonly queries: number;
}

/**
 * How many black-box queries all programs on one home have asked today: a file for each calendar day, to which each
 * program appends a line before it asks, and takes it back where no answer came. A program that is killed in between has
 * counted a question too many, never one too few. Lines are appended whole (O_APPEND), so several programs may write; one
 * that a loss of power cut off is passed over.
 */
export class QueryLedger {
  #read = { day: "", bytes: 0, rest: "", queries: 0 };
  #queue: Promise<unknown> = Promise.resolve();
  #swept = "";

  constructor(private readonly init: QueryLedgerInit) {}

  /** Queries asked or set aside today, by anybody on this home. */
  today(): Promise<number> {
    return this.#inTurn(() => this.#count(this.#day()));
  }

  /** Sets queries aside; undefined, and nothing is counted, where that would be more than `limit` (or Infinity) for today. */
  book(queries: number, limit: number): Promise<Booking | undefined> {
    return this.#inTurn(async () => {
      const day = this.#day();
      if (limit === Number.POSITIVE_INFINITY) {
        await this.#append(day, queries);
        return { day, queries };
      }
      if ((await this.#count(day)) + queries > limit) return undefined;
      await this.#append(day, queries);
      // Another program may have booked at the same moment: both see both, and at least one steps back.
      if ((await this.#count(day)) <= limit) return { day, queries };
      await this.#append(day, -queries);
      return undefined;
    });
  }

  /** Takes back what was not answered, from the day it was booked on. */
  cancel({ day, queries }: Booking): Promise<void> {
    return this.#inTurn(() => this.#append(day, -queries));
  }

  #day(): string {
    const { time, now } = this.init;
    return time.moment(now()).day;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #append(day: string, queries: number): Promise<void> {
    const { folder, now } = this.init;
    if (this.#swept !== day) await this.#sweep(day);
    // The line feed before it ends a line that was cut off.
    const line = `\n${JSON.stringify({ at: now(), queries })}`;
    await appendFile(this.#file(day), line, { mode: 0o600 }).catch(async (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await appendFile(this.#file(day), line, { mode: 0o600 });
    });
  }

  /** Reads what was appended since the last look. */
  async #count(day: string): Promise<number> {
    if (this.#read.day !== day) this.#read = { day, bytes: 0, rest: "", queries: 0 };
    const size = await stat(this.#file(day)).then(
      (found) => found.size,
      () => 0,
    );
    if (size < this.#read.bytes) this.#read = { day, bytes: 0, rest: "", queries: 0 };
    if (size === this.#read.bytes) return this.#read.queries + queriesIn(this.#read.rest);
    const handle = await open(this.#file(day), "r");
    try {
      const fresh = Buffer.alloc(size - this.#read.bytes);
      const { bytesRead } = await handle.read(fresh, 0, fresh.length, this.#read.bytes);
      const lines = (this.#read.rest + fresh.toString("latin1", 0, bytesRead)).split("\n");
      // The last may still be added to.
      const rest = lines.pop() ?? "";
      const queries = lines.reduce((sum, line) => sum + queriesIn(line), this.#read.queries);
      this.#read = { day, bytes: this.#read.bytes + bytesRead, rest, queries };
      return queries + queriesIn(rest);
    } finally {
      await handle.close();
    }
  }

  async #sweep(today: string): Promise<void> {
    this.#swept = today;
    const names = await readdir(this.init.folder).catch((): string[] => []);
    const days = names.filter((name) => /^\d{4}-\d\d-\d\d\.jsonl$/.test(name)).sort();
    for (const name of days.slice(0, Math.max(0, days.length - KEPT_DAYS)))
      await rm(join(this.init.folder, name), { force: true });
  }

  #file(day: string): string {
    return join(this.init.folder, `${day}.jsonl`);
  }
}

function queriesIn(line: string): number {
  try {
    return lineSchema.parse(JSON.parse(line)).queries;
  } catch {
    return 0;
  }
}

import { constants } from "node:fs";
import { open, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "@fedbaps/core/common/atomic-file.js";
import { makeFolder } from "@fedbaps/core/common/folder.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { z } from "zod";
import { AgentError } from "./errors.js";
import { newerFormat } from "./format-version.js";
import { writing } from "./home-failure.js";
import { readIfThere } from "./yaml-file.js";

/** The first line of a journal; those of the first versions of this program begin with a record. */
const HEADER = { format: "fedbaps-journal/1" };
const APPEND = constants.O_WRONLY | constants.O_APPEND;

/**
 * An append-only file of checked records: `<checksum> <json>` lines, on the disk before `append` returns. A last line
 * that was cut off by a crash is dropped; damage anywhere else is an error, never skipped over and never written over.
 */
export class Journal<Entry> {
  readonly #entries: Entry[];
  /** Bytes of all complete lines. */
  #size: number;
  /** Part of a record that could not be written may stand after them. */
  #torn = false;
  #tail: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: string,
    entries: Entry[],
    size: number,
  ) {
    this.#entries = entries;
    this.#size = size;
  }

  /**
   * Makes the folder where it is missing, and cuts off what a crash left of a last record.
   * @throws AgentError JOURNAL_DAMAGED, with the number of the line; HOME_NEWER; as `writing` does
   */
  static async open<S extends z.ZodType>(file: string, schema: S): Promise<Journal<z.output<S>>> {
    const { entries, size, torn } = await readRecords(file, schema);
    await writing(dirname(file), async () => {
      await makeFolder(dirname(file), 0o700);
      if (torn) await truncate(file, size);
    });
    return new Journal(file, entries, size);
  }

  /** The complete records alone: for looking at a journal that another process may be writing. */
  static async read<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S>[]> {
    return (await readRecords(file, schema)).entries;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /**
   * Adds a record; resolves when it is on the disk. Records keep the order of the calls. After a failure the journal is
   * as before, and the same record may be tried again.
   * @throws AgentError HOME_CHANGED when another process wrote to the file; as `writing` does
   */
  append(entry: Entry): Promise<void> {
    const written = this.#tail.then(() => this.#write(entry));
    this.#tail = written.catch(() => {});
    return written;
  }

  async #write(entry: Entry): Promise<void> {
    const fresh = this.#size === 0;
    const text = `${fresh ? lineOf(HEADER) : ""}${lineOf(entry)}`;
    try {
      await writing(this.file, () => this.#put(text, fresh));
    } catch (error) {
      // A full disk: half a record must not stand before the next one. What fails here is done at the next try.
      if (this.#torn) await this.#cut().catch(() => {});
      throw error;
    }
    this.#size += Buffer.byteLength(text);
    this.#entries.push(entry);
  }

  async #put(text: string, fresh: boolean): Promise<void> {
    if (this.#torn) await this.#cut();
    // A file that was deleted is not begun anew: it would lack all that went before.
    const handle = await open(this.file, fresh ? APPEND | constants.O_CREAT : APPEND, 0o600);
    try {
      if ((await handle.stat()).size !== this.#size)
        throw new AgentError(
          "HOME_CHANGED",
          `${this.file} was changed by another process; stop all agents of this home, then start one again`,
        );
      this.#torn = true;
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (fresh) await syncFolder(dirname(this.file));
    this.#torn = false;
  }

  async #cut(): Promise<void> {
    await truncate(this.file, this.#size);
    this.#torn = false;
  }
}

async function readRecords<S extends z.ZodType>(file: string, schema: S) {
  const text = (await readIfThere(file)) ?? "";
  const lines = text.split("\n");
  // What follows the last line feed was being written when the process ended.
  const torn = lines.pop() ?? "";
  const found = lines.map((line, i) => readLine(line, `${file}, line ${i + 1}`));
  const newer = newerFormat(file, found[0]);
  if (newer) throw newer;
  const headed = isHeader(found[0]);
  const entries = found.slice(headed ? 1 : 0).map((value) => {
    const { success, data } = schema.safeParse(value);
    // The checksum is right: it was written so.
    if (!success) throw unknownRecord(file);
    return data as z.output<S>;
  });
  return { entries, size: Buffer.byteLength(text) - Buffer.byteLength(torn), torn: torn !== "" };
}

function isHeader(value: unknown): boolean {
  return (value as { format?: unknown } | undefined)?.format === HEADER.format;
}

function unknownRecord(file: string): AgentError {
  return new AgentError(
    "HOME_NEWER",
    `${file} holds records that this version of the program does not know; update it; nothing was changed`,
  );
}

function lineOf(value: unknown): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

function checksum(json: string): string {
  return sha256Hex("fedbaps/journal/1", json).slice(0, 16);
}

function readLine(line: string, where: string): unknown {
  const json = line.slice(17);
  try {
    if (line.slice(0, 17) !== `${checksum(json)} `) throw new Error("checksum");
    return JSON.parse(json);
  } catch {
    throw new AgentError(
      "JOURNAL_DAMAGED",
      `${where}: this record was changed or damaged; restore the folder from a backup, or move it away to start over`,
    );
  }
}

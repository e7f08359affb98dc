import { mkdir, open, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { z } from "zod";
import { AgentError } from "./errors.js";
import { readIfThere } from "./yaml-file.js";

/**
 * An append-only file of checked records: `<checksum> <json>` lines, on the disk before `append` returns. A last line
 * that was cut off by a crash is dropped; damage anywhere else is an error, never skipped over.
 */
export class Journal<Entry> {
  readonly #entries: Entry[];
  /** Bytes of all complete records. */
  #size: number;
  #tail: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: string,
    entries: Entry[],
    size: number,
  ) {
    this.#entries = entries;
    this.#size = size;
  }

  /** @throws AgentError JOURNAL_DAMAGED, with the number of the line */
  static async open<S extends z.ZodType>(file: string, schema: S): Promise<Journal<z.output<S>>> {
    await mkdir(dirname(file), { recursive: true });
    const { entries, size, torn } = await readRecords(file, schema);
    if (torn) await truncate(file, size);
    return new Journal(file, entries, size);
  }

  /** The complete records alone: for looking at a journal that another process may be writing. */
  static async read<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S>[]> {
    return (await readRecords(file, schema)).entries;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Adds a record; resolves when it is on the disk. Records keep the order of the calls. */
  append(entry: Entry): Promise<void> {
    const written = this.#tail.then(() => this.#write(entry));
    this.#tail = written.catch(() => {});
    return written;
  }

  async #write(entry: Entry): Promise<void> {
    const json = JSON.stringify(entry);
    const line = `${checksum(json)} ${json}\n`;
    const handle = await open(this.file, "a", 0o600);
    try {
      await handle.writeFile(line);
      await handle.sync();
    } catch (error) {
      // A full disk: half a record must not stand before the next one.
      await handle.truncate(this.#size).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
    this.#size += Buffer.byteLength(line);
    this.#entries.push(entry);
  }
}

async function readRecords<S extends z.ZodType>(file: string, schema: S) {
  const text = (await readIfThere(file)) ?? "";
  const lines = text.split("\n");
  // What follows the last line feed was being written when the process ended.
  const torn = lines.pop() ?? "";
  const entries = lines.map((line, i) => readLine(line, schema, `${file}, line ${i + 1}`));
  return { entries, size: Buffer.byteLength(text) - Buffer.byteLength(torn), torn: torn !== "" };
}

function checksum(json: string): string {
  return sha256Hex("fedbaps/journal/1", json).slice(0, 16);
}

function readLine<S extends z.ZodType>(line: string, schema: S, where: string): z.output<S> {
  const json = line.slice(17);
  try {
    if (line.slice(0, 17) !== `${checksum(json)} `) throw new Error("checksum");
    return schema.parse(JSON.parse(json));
  } catch {
    throw new AgentError(
      "JOURNAL_DAMAGED",
      `${where}: this record was changed or damaged; restore the folder from a backup, or move it away to start over`,
    );
  }
}

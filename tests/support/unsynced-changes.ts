import { readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

interface Undo {
  /** Flushing this file or folder keeps the change. */
  readonly kept: string;
  undo(): Promise<unknown>;
}

/**
 * What a disk may lose with its machine: data of files that were not flushed, and names in folders that were not. The
 * strictest reading of POSIX, but for new folders, which stay.
 */
export class UnsyncedChanges {
  #undos: Undo[] = [];

  /** Notes what is there before a change. */
  async before(call: string, file: string): Promise<void> {
    // Opening a file that is there changes no name.
    if (call === "rm" || (["open", "writeFile"].includes(call) && !(await exists(file)))) await this.#noteName(file);
    if (["write", "truncate", "writeFile"].includes(call)) await this.#noteData(file);
  }

  async beforeRename(from: string, to: string): Promise<void> {
    const unsynced = this.#undos.some(({ kept }) => kept === from);
    this.flushed(from);
    // The name may be on the disk before the data: then the old content is gone, and the new is not there.
    if (unsynced) this.#undos.push({ kept: to, undo: () => truncate(to, 0) });
    else await this.#noteName(to);
  }

  flushed(place: string): void {
    this.#undos = this.#undos.filter(({ kept }) => kept !== place);
  }

  /** The machine goes. */
  async lose(): Promise<void> {
    for (const { undo } of this.#undos.reverse()) await undo();
    this.#undos = [];
  }

  async #noteName(file: string): Promise<void> {
    const content = await readFile(file).catch(() => undefined);
    const undo = content === undefined ? () => rm(file, { force: true }) : () => writeFile(file, content);
    this.#undos.push({ kept: dirname(file), undo });
  }

  async #noteData(file: string): Promise<void> {
    if (this.#undos.some(({ kept }) => kept === file)) return;
    const size = await stat(file).then(
      (found) => found.size,
      () => 0,
    );
    this.#undos.push({ kept: file, undo: () => truncate(file, size).catch(() => {}) });
  }
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

import { AsyncLocalStorage } from "node:async_hooks";
import * as real from "node:fs/promises";
import { UnsyncedChanges } from "./unsynced-changes.js";

/** One change of the disk that a program is about to make. */
export interface DiskChange {
  /** From 1, in this life. */
  readonly number: number;
  readonly call: string;
  readonly file: string;
}

/**
 * What becomes of it. `die`: the process ends before it is done; `tear`: after half of it, where it writes; `power-cut`:
 * the machine goes, with all that was not flushed; a code: the system refuses it, after half of it where it writes.
 */
export type Strike = "die" | "tear" | "power-cut" | { readonly code: string };

const lives = new AsyncLocalStorage<DiskLife>();
const forever = new Promise<never>(() => {});

/**
 * One life of a program on a folder: all that it does inside of `run` sees the disk that its test wants. Once it is dead,
 * nothing that it began ever comes back to it, and nothing of it reaches the disk any more.
 */
export class DiskLife {
  dead = false;
  changes = 0;
  readonly #unsynced = new UnsyncedChanges();
  #die = () => {};
  /** Resolves when it has died and its disk is as the next life finds it. */
  readonly died = new Promise<void>((resolve) => {
    this.#die = resolve;
  });

  constructor(
    readonly folder: string,
    private readonly strike: (change: DiskChange) => Strike | undefined = () => undefined,
  ) {}

  run<T>(work: () => T): T {
    return lives.run(this, work);
  }

  /** Ends it here and now, whatever it does. */
  kill(): void {
    this.dead = true;
    this.#die();
  }

  /** @param half does half of it @param note what a power failure would undo */
  async change<T>(call: string, file: string, all: () => Promise<T>, half?: () => Promise<unknown>): Promise<T> {
    if (this.dead) return forever;
    const strike = this.strike({ number: ++this.changes, call, file });
    if (strike === undefined) {
      await this.#unsynced.before(call, file);
      const done = await all();
      return this.dead ? forever : done;
    }
    if (typeof strike === "object") {
      await half?.();
      throw Object.assign(new Error(`${strike.code}: made up, ${call} '${file}'`), {
        ...strike,
        syscall: call,
        path: file,
      });
    }
    this.dead = true;
    if (strike === "tear") await half?.();
    if (strike === "power-cut") await this.#unsynced.lose();
    this.#die();
    return forever;
  }

  async renamed(from: string, to: string, all: () => Promise<void>): Promise<void> {
    await this.change("rename", to, async () => {
      await this.#unsynced.beforeRename(from, to);
      await all();
    });
  }

  flushed(file: string): void {
    this.#unsynced.flushed(file);
  }
}

function lifeOn(file: string): DiskLife | undefined {
  const life = lives.getStore();
  return life && (file === life.folder || file.startsWith(`${life.folder}/`)) ? life : undefined;
}

type Handle = real.FileHandle;

/** A handle whose writing and flushing goes through the life. */
function watched(handle: Handle, file: string, life: DiskLife): Handle {
  const own: Record<string, (...given: never[]) => Promise<unknown>> = {
    writeFile: (content: string | Uint8Array) =>
      life.change(
        "write",
        file,
        () => handle.writeFile(content),
        () => handle.writeFile(Buffer.from(content as Uint8Array).subarray(0, Buffer.byteLength(content) >> 1)),
      ),
    sync: () =>
      // What a power failure takes is made up; a real flush would only take time.
      life.change("sync", file, async () => life.flushed(file)),
    truncate: (size: number) => life.change("truncate", file, () => handle.truncate(size)),
  };
  return new Proxy(handle, {
    get: (target, name) => {
      const found = own[name as string] ?? Reflect.get(target, name);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
}

async function open(file: string, flags: string | number = "r", mode?: number): Promise<Handle> {
  const life = lifeOn(file);
  if (!life) return real.open(file, flags, mode);
  if (life.dead) return forever;
  if (flags === "r") return watched(await real.open(file, flags), file, life);
  const handle = await life.change("open", file, () => real.open(file, flags, mode));
  return watched(handle, file, life);
}

const changing =
  <A extends [string, ...unknown[]], T>(call: string, run: (...given: A) => Promise<T>) =>
  (...given: A): Promise<T> => {
    const life = lifeOn(given[0]);
    return life ? life.change(call, given[0], () => run(...given)) : run(...given);
  };

const reading =
  <A extends [string, ...unknown[]], T>(run: (...given: A) => Promise<T>) =>
  async (...given: A): Promise<T> => {
    const found = await run(...given);
    return lifeOn(given[0])?.dead ? forever : found;
  };

/** `node:fs/promises` as lives see it; for everybody else it is the real one. */
export const faultyFs = {
  ...real,
  open,
  rename: (from: string, to: string) => {
    const life = lifeOn(to);
    return life ? life.renamed(from, to, () => real.rename(from, to)) : real.rename(from, to);
  },
  rm: changing("rm", real.rm as (file: string, ...given: unknown[]) => Promise<void>),
  truncate: changing("truncate", real.truncate as (file: string, ...given: unknown[]) => Promise<void>),
  mkdir: changing("mkdir", real.mkdir as (file: string, ...given: unknown[]) => Promise<unknown>),
  writeFile: changing("writeFile", real.writeFile as (file: string, ...given: unknown[]) => Promise<void>),
  link: changing("link", real.link as (file: string, ...given: unknown[]) => Promise<void>),
  readFile: reading(real.readFile as (file: string, ...given: unknown[]) => Promise<unknown>),
  readdir: reading(real.readdir as (file: string, ...given: unknown[]) => Promise<unknown>),
  stat: reading(real.stat as (file: string, ...given: unknown[]) => Promise<unknown>),
};

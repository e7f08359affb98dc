import { link, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { AgentError } from "./errors.js";
import { writing } from "./home-failure.js";
import { type Holder, parseHolder, self, sure } from "./lock-holder.js";

/** What is locked: a folder, by a file in it. */
export interface Lockable {
  readonly folder: string;
  readonly lock: string;
}

export interface LockInit {
  /** What the holder does, for the line that a second one reads. */
  readonly command: string;
  readonly now: number;
  readonly pid?: number;
  readonly isAlive?: (pid: number) => boolean;
  readonly wait?: (milliseconds: number) => Promise<void>;
  /** For the person who waits. */
  readonly say?: ((line: string) => void) | undefined;
  /** Called once when the lock is not this process's any more: another has taken it, or it was deleted. */
  readonly lost?: (() => void) | undefined;
}

/** A holder touches its lock this often; one that is not known to live is watched for so long. */
const BEAT_MS = 10_000;
const WATCH_MS = 30_000;
const LOOK_MS = 1000;
/** A taking-over takes milliseconds; one this old was cut off. */
const TAKING_MS = 30_000;

/**
 * Takes a folder for one process: two agents on one home would answer for one site with two memories. A lock whose
 * process has ended is taken over. Where that cannot be asked, as the host, the boot or the container is another, the lock
 * is watched: a holder that lives touches it. No clock is compared, so none needs to be right.
 * @returns the release. @throws AgentError HOME_LOCKED, saying who holds it; as `writing` does
 */
export async function lockHome(home: Lockable, init: LockInit): Promise<() => Promise<void>> {
  const { command, now, pid = process.pid, isAlive = processIsAlive } = init;
  const mine: Holder = { ...(await self(pid)), command, since: new Date(now).toISOString() };
  const text = JSON.stringify(mine);
  const draft = `${home.lock}.${pid}`;
  return writing(home.folder, async () => {
    try {
      // Linked into place when complete: nobody ever reads half a lock.
      await writeFile(draft, text, { mode: 0o600 });
      for (let attempt = 0; attempt < 3; attempt++) {
        if (await placed(draft, home.lock, text)) return hold(home, text, init);
        const before = await readLock(home);
        if (before === undefined) continue;
        const { holder } = before;
        if (holder && (await lives(home, holder, mine, before.touched, { ...init, isAlive })))
          throw locked(home, holder);
        await takeOver(home, before.text, draft);
      }
      throw new AgentError("HOME_LOCKED", `another process is taking ${home.folder} right now; try again`);
    } finally {
      await rm(draft, { force: true });
    }
  });
}

/** The same for a command that a person waits for. @param lost as in `LockInit` */
export function lockFolder(
  place: Lockable,
  command: string,
  io: { readonly clock: Clock; readonly signal: AbortSignal; stderr(text: string): void },
  lost?: () => void,
): Promise<() => Promise<void>> {
  const wait = (milliseconds: number) => sleep(milliseconds, undefined, { signal: io.signal });
  const say = (line: string) => io.stderr(`${line}\n`);
  return lockHome(place, { command, now: io.clock.now(), wait, say, lost });
}

/** Who holds the home now, as far as that can be told at once. */
export async function lockHolder(home: Lockable, isAlive = processIsAlive): Promise<Holder | undefined> {
  const found = await readLock(home);
  if (!found?.holder) return undefined;
  const known = sure(found.holder, await self(found.holder.pid), isAlive);
  // Of another computer or container nothing is known but when it touched the lock, by the disk's clock.
  const fresh = Math.abs(Date.now() - found.touched) < 2 * WATCH_MS;
  return (known ?? fresh) ? found.holder : undefined;
}

async function lives(
  home: Lockable,
  holder: Holder,
  mine: Holder,
  touched: number,
  { isAlive = processIsAlive, wait = (milliseconds) => sleep(milliseconds), say }: LockInit,
): Promise<boolean> {
  // A lock of this very process is one that it did not give back.
  if (holder.pid === mine.pid && holder.host === mine.host && holder.boot === mine.boot && holder.tick === mine.tick)
    return false;
  const known = sure(holder, await self(holder.pid), isAlive);
  if (known !== undefined) return known;
  say?.(`${home.folder}: looks for up to ${WATCH_MS / 1000} s whether ${whereOf(holder)} still uses it`);
  for (let waited = 0; waited < WATCH_MS; waited += LOOK_MS) {
    await wait(LOOK_MS);
    const now = await readLock(home);
    if (now === undefined) return false;
    if (now.touched !== touched) return true;
  }
  return false;
}

/** One at a time, and only if the lock is still the one that was judged. */
async function takeOver(home: Lockable, judged: string, draft: string): Promise<void> {
  const taking = `${home.lock}.taking`;
  const handle = await open(taking, "wx", 0o600).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    const [since, now] = await Promise.all([stat(taking), stat(draft)].map((found) => found.catch(() => undefined)));
    if (since && now && now.mtimeMs - since.mtimeMs > TAKING_MS) await rm(taking, { force: true });
    else await sleep(100);
    return undefined;
  });
  if (!handle) return;
  try {
    await handle.close();
    if ((await readLock(home))?.text === judged) await rm(home.lock, { force: true });
  } finally {
    await rm(taking, { force: true });
  }
}

/** Touches the lock until it is released. A lock that another has taken meanwhile is left alone. */
function hold({ lock }: Lockable, mine: string, { lost }: LockInit): () => Promise<void> {
  const beat = setInterval(async () => {
    if (await touched(lock, mine).catch(() => true)) return;
    clearInterval(beat);
    lost?.();
  }, BEAT_MS).unref();
  return async () => {
    clearInterval(beat);
    if ((await readFile(lock, "utf8").catch(() => "")) === mine) await rm(lock, { force: true });
  };
}

/** Writes what is there already: the time of the change is then the disk's. @returns false when the lock is not ours any more */
async function touched(file: string, mine: string): Promise<boolean> {
  const handle = await open(file, "r+").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  if (!handle) return false;
  try {
    if ((await handle.readFile("utf8")) !== mine) return false;
    await handle.write(mine, 0);
    return true;
  } finally {
    await handle.close();
  }
}

/** Disks that know no links: FAT, some network drives. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

async function placed(draft: string, lock: string, text: string): Promise<boolean> {
  try {
    await link(draft, lock).catch((error: NodeJS.ErrnoException) => {
      if (!NO_LINKS.has(error.code ?? "")) throw error;
      return writeFile(lock, text, { mode: 0o600, flag: "wx" });
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

interface Found {
  readonly text: string;
  /** Absent for a lock that says nothing. */
  readonly holder: Holder | undefined;
  /** By the disk's clock, milliseconds. */
  readonly touched: number;
}

async function readLock({ lock }: Lockable): Promise<Found | undefined> {
  // Opened anew each time: network drives look at the server then.
  const handle = await open(lock, "r").catch(() => undefined);
  if (!handle) return undefined;
  try {
    const text = await handle.readFile("utf8");
    return { text, holder: parseHolder(text), touched: (await handle.stat()).mtimeMs };
  } finally {
    await handle.close();
  }
}

function whereOf({ pid, host }: Holder): string {
  return host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
}

function locked({ folder, lock }: Lockable, holder: Holder): AgentError {
  const { pid, host, command, since } = holder;
  return new AgentError(
    "HOME_LOCKED",
    `${folder} is in use by "${command}" (${whereOf(holder)}, since ${since}); stop that first, or use another folder; ` +
      `if none runs, delete ${lock}`,
    { pid, host },
  );
}

function processIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

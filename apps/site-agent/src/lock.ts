import { link, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { z } from "zod";
import { AgentError } from "./errors.js";
import { type Home, unwritable } from "./home.js";

const holderSchema = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  command: z.string(),
  since: z.string(),
  /** When the process began, as the system counts it: another process may have got the same number since. */
  began: z.string().optional(),
});
type Holder = z.infer<typeof holderSchema>;

export interface LockInit {
  /** What the holder does, for the line that a second one reads. */
  readonly command: string;
  readonly now: number;
  readonly pid?: number;
  readonly isAlive?: (pid: number) => boolean;
}

/** A holder touches its lock this often. One on another computer that has not for so long is taken for dead. */
const BEAT_MS = 20_000;
const SILENCE_MS = 120_000;

/**
 * Takes the home for one process: two agents on one home would answer for one site with two memories. A lock whose
 * process has ended is taken over; where that cannot be asked, as the host is another (or a container's new name), one that
 * is not touched any more.
 * @returns the release. @throws AgentError HOME_LOCKED, saying who holds it
 */
export async function lockHome(home: Home, init: LockInit): Promise<() => Promise<void>> {
  const { command, now, pid = process.pid, isAlive = processIsAlive } = init;
  const mine: Holder = {
    pid,
    host: hostname(),
    command,
    since: new Date(now).toISOString(),
    ...(await beginning(pid)),
  };
  const draft = `${home.lock}.${pid}`;
  try {
    // Linked into place when complete: nobody ever reads half a lock.
    await writeFile(draft, JSON.stringify(mine), { mode: 0o600 });
  } catch (error) {
    throw unwritable(home.folder, error);
  }
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await linked(draft, home.lock)) return hold(home, JSON.stringify(mine));
      const holder = await readHolder(home);
      // Both times are the disk's: the clocks of two computers may differ.
      const now = (await stat(draft)).mtimeMs;
      const own = holder?.pid === pid && holder.host === mine.host;
      if (holder && !own && (await lives(home, holder, now, isAlive))) throw locked(home, holder);
      await rm(home.lock, { force: true });
    }
    throw new AgentError("HOME_LOCKED", `another process is taking ${home.folder} right now; try again`);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Who holds the home now, if that process lives. */
export async function lockHolder(home: Home, isAlive = processIsAlive): Promise<Holder | undefined> {
  const holder = await readHolder(home);
  return holder && (await lives(home, holder, Date.now(), isAlive)) ? holder : undefined;
}

async function lives(home: Home, holder: Holder, now: number, isAlive: (pid: number) => boolean): Promise<boolean> {
  if (holder.host !== hostname()) {
    const touched = await stat(home.lock).catch(() => undefined);
    return touched !== undefined && now - touched.mtimeMs < SILENCE_MS;
  }
  if (!isAlive(holder.pid)) return false;
  const { began } = await beginning(holder.pid);
  return holder.began === undefined || began === undefined || began === holder.began;
}

/** Touches the lock until it is released. A lock that another has taken meanwhile is left alone. */
function hold(home: Home, mine: string): () => Promise<void> {
  const beat = setInterval(() => void touch(home.lock, mine).catch(() => {}), BEAT_MS).unref();
  return async () => {
    clearInterval(beat);
    if ((await readFile(home.lock, "utf8").catch(() => mine)) === mine) await rm(home.lock, { force: true });
  };
}

/** Writes what is there already: the time of the change is then the disk's. */
async function touch(file: string, content: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    if ((await handle.readFile("utf8")) === content) await handle.write(content, 0);
  } finally {
    await handle.close();
  }
}

/** On Linux the boot and the tick in it when a process began; nothing elsewhere. */
async function beginning(pid: number): Promise<{ began?: string }> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const line = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name of the program stands in brackets and may hold spaces; the 20th field after it is the time.
    const ticks = line.slice(line.lastIndexOf(")") + 2).split(" ")[19];
    return ticks === undefined ? {} : { began: `${boot.trim()}/${ticks}` };
  } catch {
    return {};
  }
}

async function linked(draft: string, lock: string): Promise<boolean> {
  try {
    await link(draft, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function readHolder(home: Home): Promise<Holder | undefined> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(home.lock, "utf8")));
  } catch {
    return undefined;
  }
}

function locked(home: Home, { pid, host, command, since }: Holder): AgentError {
  const where = host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
  return new AgentError(
    "HOME_LOCKED",
    `${home.folder} is in use by "${command}" (${where}, since ${since}); stop that first, or use another --home; ` +
      `if no agent runs, delete ${home.lock}`,
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

import { link, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { z } from "zod";
import { AgentError } from "./errors.js";
import { type Home, unwritable } from "./home.js";

const holderSchema = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  command: z.string(),
  since: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

export interface LockInit {
  /** What the holder does, for the line that a second one reads. */
  readonly command: string;
  readonly now: number;
  readonly pid?: number;
  readonly isAlive?: (pid: number) => boolean;
}

/**
 * Takes the home for one process: two agents on one home would answer for one site with two memories. A lock whose
 * process has ended is taken over.
 * @returns the release. @throws AgentError HOME_LOCKED, saying who holds it
 */
export async function lockHome(home: Home, init: LockInit): Promise<() => Promise<void>> {
  const { command, now, pid = process.pid, isAlive = processIsAlive } = init;
  const mine: Holder = { pid, host: hostname(), command, since: new Date(now).toISOString() };
  const draft = `${home.lock}.${pid}`;
  try {
    // Linked into place when complete: nobody ever reads half a lock.
    await writeFile(draft, JSON.stringify(mine), { mode: 0o600 });
  } catch (error) {
    throw unwritable(home.folder, error);
  }
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await linked(draft, home.lock)) return () => rm(home.lock, { force: true });
      const holder = await readHolder(home);
      if (holder && (holder.host !== mine.host || (holder.pid !== pid && isAlive(holder.pid))))
        throw locked(home, holder);
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
  return holder && (holder.host !== hostname() || isAlive(holder.pid)) ? holder : undefined;
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
    `${home.folder} is in use by "${command}" (${where}, since ${since}); stop that first, or use another --home`,
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

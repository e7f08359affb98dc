import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CoordinatorError } from "./errors.js";

/** Makes the folder, readable by its owner only. @throws CoordinatorError HOME_UNUSABLE */
export async function prepareHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CoordinatorError("HOME_UNUSABLE", `cannot use ${home} as --home: ${reasonOf(error)}`);
  }
}

/**
 * Takes the home for this process; two coordinators on one database would spoil it. A lock whose process is gone is
 * taken over. Returns the release.
 * @throws CoordinatorError HOME_IN_USE, HOME_UNUSABLE
 */
export function lockHome(home: string, startedAt = performance.timeOrigin): () => void {
  const file = join(home, "coordinator.lock");
  const mine = JSON.stringify({ pid: process.pid, at: Date.now(), started: startOf(process.pid) });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(file, mine, { flag: "wx", mode: 0o600 });
      return () => {
        if (readText(file) === mine) rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST")
        throw new CoordinatorError("HOME_UNUSABLE", `cannot write in --home ${home}: ${reasonOf(error)}`);
    }
    const found = readText(file);
    const holder = readLock(found);
    if (holder !== undefined && isAlive(holder, startedAt))
      throw new CoordinatorError(
        "HOME_IN_USE",
        `another coordinator (process ${holder.pid}) uses ${home}; stop it, or choose another --home`,
      );
    removeStale(file, found);
  }
  throw new CoordinatorError("HOME_IN_USE", `another coordinator is starting on ${home}; try again`);
}

/**
 * Takes a stale lock out of the way. Of two that do so at once, one gets the stale lock; the other may get the lock that
 * the first has made since, and puts it back.
 */
function removeStale(file: string, stale: string | undefined): void {
  const aside = `${file}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(file, aside);
  } catch {
    return; // Somebody else has removed it.
  }
  try {
    if (readText(aside) !== stale) linkSync(aside, file);
  } catch {
    // A third one has made a lock meanwhile.
  } finally {
    rmSync(aside, { force: true });
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** `started`: see `startOf`. */
const lockSchema = z.object({ pid: z.number().int().positive(), at: z.number(), started: z.string().optional() });
type Lock = z.infer<typeof lockSchema>;

function readLock(text: string | undefined): Lock | undefined {
  try {
    return lockSchema.parse(JSON.parse(text ?? ""));
  } catch {
    return undefined;
  }
}

/** When a process began, as the system counts it, within which boot; undefined where the system does not say. */
function startOf(pid: number): string | undefined {
  const boot = readText("/proc/sys/kernel/random/boot_id")?.trim();
  // The name of the process, in brackets, may hold anything: the fields are counted after it. The 22nd is the start.
  const fields = readText(`/proc/${pid}/stat`)?.replace(/^.*\)/s, "").trim().split(" ");
  return boot && fields?.[19] ? `${boot}/${fields[19]}` : undefined;
}

function isAlive({ pid, at, started }: Lock, startedAt: number): boolean {
  const now = startOf(pid);
  // The number of a process that is gone is given to another one in time.
  if (started !== undefined && now !== undefined) return started === now;
  // In a container every start may have the same process number: a lock older than this process is not its own.
  if (pid === process.pid) return at >= startedAt;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Why the file system refused. */
export function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown reason";
}

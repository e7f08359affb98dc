import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { z } from "zod";

const holderSchema = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  command: z.string(),
  since: z.string(),
  /** The boot, and the tick in it when the process began: another may have got the same number since. Linux alone. */
  boot: z.string().optional(),
  tick: z.string().optional(),
  /** Which numbers of processes it counts among: a container has its own. */
  space: z.string().optional(),
});

/** Who holds a lock. */
export type Holder = z.infer<typeof holderSchema>;

/** What can be known of a process on this machine. */
export type Known = Pick<Holder, "pid" | "host" | "boot" | "tick" | "space">;

export function parseHolder(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The process with this number here. */
export async function self(pid: number): Promise<Known> {
  const [space, boot, line] = await Promise.all(
    [
      readlink("/proc/self/ns/pid"),
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ].map((found) => found.catch(() => undefined)),
  );
  // The name of the program stands in brackets and may hold spaces; the 20th field after it is the time.
  const tick = line?.slice(line.lastIndexOf(")") + 2).split(" ")[19];
  const known = Object.entries({ space, boot: boot?.trim(), tick }).filter(([, value]) => value !== undefined);
  return { pid, host: hostname(), ...Object.fromEntries(known) };
}

/**
 * Whether the holder lives, where that is sure.
 * @param here the process that has the holder's number here @returns undefined where only watching tells
 */
export function sure(holder: Holder, here: Known, isAlive: (pid: number) => boolean): boolean | undefined {
  // Of another boot, too, the machine may be another with the same name.
  if (holder.host !== here.host || holder.space !== here.space || holder.boot !== here.boot) return undefined;
  if (!isAlive(holder.pid)) return false;
  // Elsewhere than on Linux, another process may have the number now.
  if (here.boot === undefined) return undefined;
  return holder.tick === here.tick;
}

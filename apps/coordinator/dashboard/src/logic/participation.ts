import type { Attempt, DropOut } from "../api/types.js";

export type Presence = "in" | "dropped" | "absent";

export interface Cell {
  readonly site: string;
  readonly presence: Presence;
  readonly dropOut: DropOut | undefined;
}

export interface MatrixRow {
  readonly round: number;
  readonly attempt: number;
  readonly endedAt: number | null;
  readonly cells: readonly Cell[];
}

/** Who was in the sum of each completed round, and who dropped out of it; the newest first. */
export function participation(attempts: readonly Attempt[], sites: readonly string[]): MatrixRow[] {
  return attempts
    .filter(({ phase }) => phase === "completed")
    .map(({ round, attempt, endedAt, survivors, dropOuts }) => ({
      round,
      attempt,
      endedAt,
      cells: sites.map((site) => {
        const dropOut = dropOuts.find((gone) => gone.site === site);
        // A site that dropped out after its masked input came is in the sum all the same.
        const presence: Presence = survivors?.includes(site) ? "in" : dropOut ? "dropped" : "absent";
        return { site, presence, dropOut };
      }),
    }))
    .reverse();
}

/** The attempts that came to nothing, the newest first. */
export function abortedAttempts(attempts: readonly Attempt[]): Attempt[] {
  return attempts.filter(({ phase }) => phase === "aborted").reverse();
}

import { CoordinatorError } from "../errors.js";
import type { RosterRepository } from "../store/roster-repository.js";
import type { StudyRow } from "../store/study-repository.js";

/** @throws CoordinatorError CONFLICT unless the roster names every site of the study. */
export async function requireRoster(rosters: RosterRepository, { name, spec }: StudyRow): Promise<void> {
  const roster = (await rosters.current())?.roster;
  const missing = spec.participation.sites.filter((site) => !roster?.members.some((member) => member.site === site));
  if (missing.length === 0) return;
  const why = roster ? `the roster does not name ${missing.join(", ")}` : "there is no roster yet";
  throw new CoordinatorError(
    "CONFLICT",
    `study ${name} cannot start: ${why}; the study lead makes the next one with: fedbaps-coordinator roster sign`,
    { study: name },
  );
}

import { AgentError } from "./errors.js";

/** The newest version of each of the home's formats that this program reads; those that are not named are at 1. */
const KNOWN: Readonly<Record<string, number>> = { "fedbaps-identity": 2 };
const FORMAT = /^(fedbaps-[a-z-]+)\/(\d+)$/;

/**
 * Whether something that cannot be read says by its `format` that a newer version of this program made it.
 * @param place where it stands, for the line @param found what was parsed there
 */
export function newerFormat(place: string, found: unknown): AgentError | undefined {
  if (typeof found !== "object" || found === null) return undefined;
  const { format } = found as { format?: unknown };
  const [, name, version] = (typeof format === "string" && FORMAT.exec(format)) || [];
  if (name === undefined || Number(version) <= (KNOWN[name] ?? 1)) return undefined;
  return new AgentError(
    "HOME_NEWER",
    `${place} was made by a newer version of this program (${format}); update this one; nothing was changed`,
  );
}

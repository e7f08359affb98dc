import type { Clock } from "@fedbaps/core/common/clock.js";
import type { LogFields, Logger } from "@fedbaps/core/common/logger.js";
import { pino } from "pino";
import { RotatingFile } from "./rotating-file.js";

/** The only fields that are ever written. Everything else is left out: a new field is a decision, not an accident. */
const FIELDS = [
  "study",
  "site",
  "round",
  "attempt",
  "version",
  "phase",
  "stage",
  "code",
  "steps",
  "cases",
  "queries",
  "seconds",
  "milliseconds",
] as const;
/** Short identifiers; nothing that could be a path or a sentence. */
const WORD = /^[A-Za-z0-9_-]{1,64}$/;

/** Keeps what may be written. */
export function allowed(fields: LogFields = {}): LogFields {
  const kept: Record<string, string | number | boolean> = {};
  for (const name of FIELDS) {
    const value = fields[name];
    if (value !== undefined && (typeof value !== "string" || WORD.test(value))) kept[name] = value;
  }
  return kept;
}

const LIMITS = { bytes: 5 * 2 ** 20, files: 5 };
const WARNING = 40;

/** A log of JSON lines, readable by its owner only: five files of 5 MiB at most. Never throws, a full disk included. */
export function fileLogger(file: string, clock: Clock): Logger {
  const lost = (count: number) => JSON.stringify({ level: WARNING, time: clock.now(), lost: count, msg: "lines-lost" });
  const log = pino(
    { base: null, level: "debug", timestamp: () => `,"time":${clock.now()}` },
    new RotatingFile(file, LIMITS, lost),
  );
  const at = (level: "debug" | "info" | "warn" | "error") => (event: string, fields?: LogFields) =>
    log[level](allowed(fields), event);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

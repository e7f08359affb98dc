import { codeOf, FedBapsError } from "@fedbaps/core/common/errors.js";
import type { LogFields, Logger } from "@fedbaps/core/common/logger.js";
import { pino } from "pino";

/** What a log line may say. Anything else is left out, so that no careless call can write it down. */
const ALLOWED = [
  "requestId",
  "replica",
  "role",
  "action",
  "version",
  "records",
  "study",
  "site",
  "round",
  "attempt",
  "phase",
  "code",
  "bytes",
  "method",
  "route",
  "status",
  "milliseconds",
  "url",
  "stack",
] as const;

type Level = "debug" | "info" | "warn" | "error";
type Write = (level: Level, event: string, fields: LogFields) => void;

/** What the local log says of anything that was thrown: its code, and where an unforeseen fault happened. */
export function faultFields(error: unknown): { code: string; stack?: string } {
  const fault = error instanceof FedBapsError ? error.cause : error;
  const stack = fault instanceof Error && !(fault instanceof FedBapsError) ? fault.stack : undefined;
  return { code: codeOf(error), ...(stack === undefined ? {} : { stack }) };
}

/** A logger that writes to `stream`: JSON lines, or lines for people. */
export function createLogger(
  stream: NodeJS.WritableStream,
  { json, now }: { json: boolean; now: () => number },
): Logger {
  const write: Write = json ? writeJson(stream) : writeText(stream, now);
  const at =
    (level: Level) =>
    (event: string, fields: LogFields = {}) =>
      write(
        level,
        event,
        Object.fromEntries(ALLOWED.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]])),
      );
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function writeJson(stream: NodeJS.WritableStream): Write {
  const log = pino(
    {
      base: null,
      formatters: { level: (level) => ({ level }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: "event",
    },
    stream,
  );
  return (level, event, fields) => log[level](fields, event);
}

function writeText(stream: NodeJS.WritableStream, now: () => number): Write {
  return (level, event, { stack, ...fields }) => {
    if (level === "debug" || isRoutine(event, fields)) return;
    const words = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
    const mark = level === "info" ? [] : [level];
    const line = [new Date(now()).toISOString().slice(11, 19), ...mark, event, ...words].join(" ");
    stream.write(stack === undefined ? `${line}\n` : `${line}\n${stack}\n`);
  };
}

/** Nothing that a person at a terminal wants to read: dashboards ask every few seconds. Machines get it all. */
function isRoutine(event: string, { method, status }: LogFields): boolean {
  return event === "request" && (method === "GET" || method === "HEAD") && Number(status) < 500;
}

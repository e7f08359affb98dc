/**
 * The one error class that users see. Every module subclasses it with the union of its own codes, so that a `catch`
 * can switch on `code` and never has to read the text.
 *
 * `message` is one plain line: what is wrong, where, and what to do. It is shown to the local user and written to the
 * local log, and never sent to another party (only `code` may leave a site).
 */
export class FedBapsError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, fields: Record<string, unknown> = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.fields = fields;
  }
}

/** A setting, flag or file that a person wrote is wrong; the person can mend it. Exit status 2 on a command line. */
export class UsageError extends FedBapsError<"USAGE"> {
  constructor(message: string, fields: Record<string, unknown> = {}) {
    super("USAGE", message, fields);
  }
}

/** The message of anything that was thrown, for a plain line to a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of anything that was thrown; `INTERNAL` for what is not ours. */
export function codeOf(error: unknown): string {
  return error instanceof FedBapsError ? error.code : "INTERNAL";
}

import { FedBapsError, UsageError } from "@fedbaps/core/common/errors.js";
import type { Command } from "commander";
import { CoordinatorError } from "../errors.js";

/** What a shell script can tell of how a command ended. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notAuthorised: 3,
  notFound: 4,
  conflict: 5,
  unreachable: 6,
} as const;

const EXIT_HELP = `
Exit status: 0 done, 1 failed, 2 wrong usage, 3 not authorised, 4 no such thing,
5 the state does not allow it, 6 the coordinator cannot be reached.
`;

/** What the coordinator refused, with its code and the status of its answer. */
export class Refusal extends FedBapsError {
  constructor(
    code: string,
    message: string,
    readonly status: number,
  ) {
    super(code, message);
  }
}

const BY_STATUS: Readonly<Record<number, number>> = {
  401: EXIT.notAuthorised,
  403: EXIT.notAuthorised,
  404: EXIT.notFound,
  409: EXIT.conflict,
  412: EXIT.conflict,
  428: EXIT.conflict,
  502: EXIT.unreachable,
  503: EXIT.unreachable,
  504: EXIT.unreachable,
};

/** The exit status for anything that a command threw. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof Refusal) return BY_STATUS[error.status] ?? EXIT.failed;
  if (error instanceof CoordinatorError && error.code === "UNREACHABLE") return EXIT.unreachable;
  if (error instanceof CoordinatorError && error.code === "STUDY_FILE") return EXIT.usage;
  return EXIT.failed;
}

/** Tells the exit codes at the end of the help of a command and of all below it. */
export function explainExits(command: Command): void {
  command.addHelpText("after", EXIT_HELP);
  for (const child of command.commands) explainExits(child);
}

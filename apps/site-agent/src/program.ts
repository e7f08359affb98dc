import { FedBapsError, messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { fileFailure } from "@fedbaps/core/common/file-failure.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { Command, CommanderError } from "commander";
import type { CommandIo } from "./command-io.js";
import { adaptCommand } from "./commands/adapt.js";
import { blackboxCommand } from "./commands/blackbox.js";
import { completionCommand } from "./commands/completion.js";
import { dataCommand } from "./commands/data.js";
import { doctorCommand } from "./commands/doctor.js";
import { enrollCommand } from "./commands/enroll.js";
import { evaluateCommand } from "./commands/evaluate.js";
import { exportCommand } from "./commands/export.js";
import { initCommand } from "./commands/init.js";
import { passphraseCommand } from "./commands/passphrase.js";
import { predictCommand } from "./commands/predict.js";
import { renewCommand } from "./commands/renew.js";
import { reportCommand } from "./commands/report.js";
import { rosterCommand } from "./commands/roster.js";
import { runCommand } from "./commands/run.js";
import { statusCommand } from "./commands/status.js";
import { studyCommand } from "./commands/study.js";
import { examplesText } from "./help-examples.js";
import { writePictures } from "./pictures.js";
import { VERSION } from "./version.js";

/** The whole command line: one command per file. */
export function buildProgram(io: CommandIo): Command {
  const program = new Command("fedbaps-site")
    .description("FedBAPS site agent: adapts a black-box segmentation model at this site; no image or label leaves it.")
    .option("--home <dir>", "folder of this agent's state (default: FEDBAPS_HOME, else ~/.fedbaps)")
    .version(
      `${VERSION} (protocol ${PROTOCOL_VERSION})`,
      "--version",
      "the version of this program and of its protocol",
    );
  // In the order in which a site comes to them.
  const commands = [
    initCommand(io),
    dataCommand(io),
    blackboxCommand(io),
    doctorCommand(io),
    enrollCommand(io),
    rosterCommand(io),
    studyCommand(io),
    runCommand(io, { afterReport: writePictures }),
    statusCommand(io),
    reportCommand(io),
    predictCommand(io),
    exportCommand(io),
    evaluateCommand(io),
    adaptCommand(io),
    renewCommand(io),
    passphraseCommand(io),
    completionCommand(io),
  ];
  for (const command of commands) program.addCommand(command);
  for (const [path, command] of everyCommand(program))
    command
      .exitOverride()
      .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
      .showHelpAfterError("(--help shows what there is)")
      .addHelpText("after", examplesText(path));
  return program;
}

/** @returns the exit status: 0, 1 (failed), 2 (usage). */
export async function runProgram(argv: readonly string[], io: CommandIo): Promise<number> {
  try {
    await buildProgram(io).parseAsync(argv, { from: "user" });
    return 0;
  } catch (error) {
    // Commander has said what there was to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (io.signal.aborted) return 1;
    io.stderr(`fedbaps-site: ${plainLine(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Expected errors in their own words; the stack only for what nobody foresaw. */
function plainLine(error: unknown): string {
  // It may quote a file's name, which must not command the terminal.
  if (error instanceof FedBapsError) return error.message.replace(/[^\P{Cc}\n\t]/gu, "?");
  const failure = fileFailure(error);
  const { path } = error as { path?: unknown };
  if (failure) return `${typeof path === "string" ? path : "a file"}: ${failure.what}; ${failure.remedy}`;
  return error instanceof Error && error.stack ? `unexpected error: ${error.stack}` : messageOf(error);
}

/** All verbs, each with its path from the program on: "study approve". */
function everyCommand(command: Command, path = ""): [string, Command][] {
  const below = command.commands.flatMap((sub) =>
    everyCommand(sub, path === "" ? sub.name() : `${path} ${sub.name()}`),
  );
  return [[path, command], ...below];
}

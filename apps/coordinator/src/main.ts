import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { Command, CommanderError } from "commander";
import { auditCommand } from "./commands/audit.js";
import { rosterCommand } from "./commands/roster.js";
import { serveCommand } from "./commands/serve.js";
import { siteCommand } from "./commands/site.js";
import { studyCommand } from "./commands/study.js";
import { VERSION } from "./config.js";

const program = new Command("fedbaps-coordinator")
  .description("The coordinator of FedBAPS: runs studies over hospitals without seeing their data.")
  .version(VERSION)
  .addCommand(serveCommand())
  .addCommand(siteCommand())
  .addCommand(rosterCommand())
  .addCommand(studyCommand())
  .addCommand(auditCommand());

/** Commander's own exit would skip the exit codes: 1 failed, 2 usage. */
function withoutExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) withoutExit(child);
}

withoutExit(program);
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

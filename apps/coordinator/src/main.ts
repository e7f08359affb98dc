import { messageOf } from "@fedbaps/core/common/errors.js";
import { Command, CommanderError } from "commander";
import { auditCommand } from "./commands/audit.js";
import { exitCodeOf, explainExits } from "./commands/exit-codes.js";
import { rosterCommand } from "./commands/roster.js";
import { serveCommand } from "./commands/serve.js";
import { siteCommand } from "./commands/site.js";
import { studyCommand } from "./commands/study.js";
import { tokenCommand } from "./commands/token.js";
import { VERSION } from "./config.js";

const program = new Command("fedbaps-coordinator")
  .description("The coordinator of FedBAPS: runs studies over hospitals without seeing their data.")
  .version(VERSION)
  .addCommand(serveCommand())
  .addCommand(siteCommand())
  .addCommand(rosterCommand())
  .addCommand(studyCommand())
  .addCommand(tokenCommand())
  .addCommand(auditCommand());

/** Commander's own exit would skip our exit codes. */
function withoutExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) withoutExit(child);
}

withoutExit(program);
explainExits(program);
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

import { Argument, Command } from "commander";
import type { CommandIo } from "../command-io.js";
import { bashCompletion } from "../completion/bash.js";
import { fishCompletion } from "../completion/fish.js";
import { completionTree } from "../completion/tree.js";
import { zshCompletion } from "../completion/zsh.js";

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
type Shell = keyof typeof SCRIPTS;
const SHELLS = Object.keys(SCRIPTS) as Shell[];

/** `fedbaps-site completion`: a script by which a shell completes this command line. */
export function completionCommand(io: CommandIo): Command {
  const command = new Command("completion")
    .description("print the script by which a shell completes verbs, options and files")
    .addArgument(new Argument("<shell>", "bash, zsh or fish").choices(SHELLS));
  command.action((shell: Shell) => {
    const program = command.parent ?? command;
    io.stdout(SCRIPTS[shell](program.name(), completionTree(program)));
  });
  return command;
}

import { Command } from "commander";
import { type CommandIo, printJson } from "../command-io.js";
import { type CheckState, type NamedFinding, runChecks } from "../doctor/check.js";
import { coordinatorChecks } from "../doctor/coordinator.js";
import { homeChecks } from "../doctor/home.js";
import { machineChecks } from "../doctor/machine.js";
import { materialChecks } from "../doctor/material.js";
import { AgentError } from "../errors.js";
import { Home } from "../home.js";
import { loadPublic } from "../identity.js";
import { type HomeOption, homeFolder } from "../options.js";
import { passphraseOf } from "../passphrase.js";

interface DoctorOptions extends HomeOption {
  readonly coordinator?: string;
  readonly query: boolean;
  readonly json?: boolean;
}

/** `fedbaps-site doctor`: whether everything that a study needs is there, a line each. */
export function doctorCommand(io: CommandIo): Command {
  const command = new Command("doctor")
    .description(
      "look at all that a study needs: machine, home, network, coordinator, black box, data; ok or what to do",
    )
    .option("--coordinator <url>", "look at this coordinator (before the site is enrolled)")
    .option("--no-query", "do not ask the black box (else it is asked once)")
    .option("--json", "print one JSON document on standard output");
  return command.action(() => doctor(io, command.optsWithGlobals()));
}

async function doctor(io: CommandIo, options: DoctorOptions): Promise<void> {
  const home = new Home(homeFolder(io, options), passphraseOf(io));
  // The checks have limits of time, and a person types slowly. What is wrong with it, a check says.
  if ((await loadPublic(home).catch(() => undefined))?.sealed) await home.passphrase().catch(() => undefined);
  const { clock, random, env, signal } = io;
  const checks = [
    ...machineChecks(),
    ...homeChecks(home, () => clock.now()),
    ...coordinatorChecks({ home, url: options.coordinator, env, clock, random }),
    ...materialChecks({ io, options, query: options.query }),
  ];
  const colours = io.terminal && !io.env.NO_COLOR;
  const found = await runChecks(checks, { clock, signal }, (finding) => {
    if (options.json !== true) io.stdout(text(finding, colours));
  });
  const failures = found.filter(({ state }) => state === "failed").map(({ name }) => name);
  if (options.json) printJson(io, { ok: failures.length === 0, checks: found });
  if (failures.length > 0)
    throw new AgentError(
      "DOCTOR_FAILED",
      `${failures.length} of ${found.length} checks failed: ${failures.join(", ")}`,
    );
}

const COLOUR: Readonly<Record<CheckState, number>> = { ok: 32, warning: 33, failed: 31 };
const WORD_WIDTH = 8;
const NAME_WIDTH = 12;

function text({ name, state, message, remedy }: NamedFinding, colours: boolean): string {
  const padded = state.padEnd(WORD_WIDTH);
  const word = colours ? `\u001b[${COLOUR[state]}m${padded}\u001b[0m` : padded;
  const indent = " ".repeat(WORD_WIDTH + NAME_WIDTH);
  return `${word}${name.padEnd(NAME_WIDTH)}${message}\n${remedy ? `${indent}what to do: ${remedy}\n` : ""}`;
}

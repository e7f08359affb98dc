import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { Command } from "commander";
import { Agent } from "../agent.js";
import { readRoute } from "../coordinator-route.js";
import { AgentError } from "../errors.js";
import { Home } from "../home.js";
import { lockHome } from "../lock.js";
import { fileLogger } from "../log.js";
import { checkUrl, loadMembership } from "../membership.js";
import { BLACKBOX_HELP, type CommandIo, type HomeOption, homeFolder, integer, measureSettings } from "../options.js";
import { passphraseOf } from "../passphrase.js";
import { readPolicy } from "../policy.js";
import { ProgressDisplay } from "../progress.js";
import { untilSettled } from "../renewal.js";
import { type AfterReport, trainingHost } from "../training-host.js";

interface RunOptions extends HomeOption {
  data?: string;
  blackbox?: string;
  out?: string;
  once?: boolean;
  threads?: number;
  progressJson?: boolean;
}

export interface RunHooks {
  readonly afterReport?: AfterReport;
}

/** `fedbaps-site run`: serves the approved studies. */
export function runCommand(io: CommandIo, hooks: RunHooks = {}): Command {
  const command = new Command("run")
    .description("serve the studies that this site has approved, until stopped")
    .option("--data <dir>", "the site's folder with images/ and masks/ (default: the one in site.yaml)")
    .option("--blackbox <spec>", BLACKBOX_HELP)
    .option("--out <dir>", "write report.json, the decoder and pictures there too")
    .option("--once", "end when the approved studies are over")
    .option("--threads <n>", "CPU threads of the black box", integer(1, 256))
    .option("--progress-json", "one JSON line for each progress event on standard error");
  return command.action(() => run(io, command.optsWithGlobals(), hooks));
}

async function run(io: CommandIo, options: RunOptions, { afterReport }: RunHooks): Promise<void> {
  const home = new Home(homeFolder(io, options), passphraseOf(io));
  await home.requireInitialised();
  const policy = await readPolicy(home);
  const membership = await loadMembership(home);
  checkUrl(membership.url, policy);
  const route = await readRoute(membership.url, io.env, home.folder);
  const { data, blackbox, open, answers } = await measureSettings(io, { ...options, seed: 0 });
  const out = options.out === undefined ? undefined : await writableFolder(options.out);
  const release = await lockHome(home, { command: "fedbaps-site run", now: io.clock.now() });
  try {
    const { clock, random } = io;
    const json = options.progressJson === true;
    const display = new ProgressDisplay({ write: io.stderr, clock, json, terminal: io.terminal });
    const identity = await untilSettled({ home, membership, clock, random, signal: io.signal, route }, (line) =>
      display.say(line),
    );
    if (identity === undefined) return;
    const site = identity.site;
    const agent = new Agent(
      {
        home,
        identity,
        membership,
        route,
        policy,
        clock,
        random,
        logger: fileLogger(home.log, clock),
        openTraining: trainingHost({ site, data, blackbox, open, answers, clock, afterReport }),
        show: (figures) => display.show(figures),
        say: (line) => display.say(line),
      },
      { out, once: options.once === true },
    );
    if ((await agent.run(io.signal)) !== 0)
      throw new AgentError("STUDY_FAILED", "a study ended without this site's report; the lines above say why");
  } finally {
    await release();
  }
}

async function writableFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  try {
    await mkdir(path, { recursive: true });
    return path;
  } catch (error) {
    throw new UsageError(`cannot write to --out ${path}: ${messageOf(error)}`);
  }
}

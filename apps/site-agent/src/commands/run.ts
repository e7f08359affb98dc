import { resolve } from "node:path";
import { elapsed } from "@fedbaps/core/common/clock.js";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { makeFolder } from "@fedbaps/core/common/folder.js";
import { Command } from "commander";
import { Agent } from "../agent.js";
import { AgentStateWriter } from "../agent-state-writer.js";
import { watchClock } from "../clock-watch.js";
import type { CommandIo } from "../command-io.js";
import { readRoute } from "../coordinator-route.js";
import { probeWeb } from "../doctor/web-probe.js";
import { AgentError } from "../errors.js";
import { Home } from "../home.js";
import { tellLeftOut } from "../left-out.js";
import { lockFolder } from "../lock.js";
import { fileLogger } from "../log.js";
import { addReadingOptions, type ReadingOptions } from "../material.js";
import { checkUrl, loadMembership } from "../membership.js";
import { BLACKBOX_HELP, type HomeOption, homeFolder, integer, measureSettings } from "../options.js";
import { passphraseOf } from "../passphrase.js";
import { AgentPauses } from "../policy/agent-pauses.js";
import { LivePolicy } from "../policy/live-policy.js";
import { openUnderPolicy } from "../policy/opening.js";
import { ProgressDisplay } from "../progress.js";
import { untilSettled } from "../renewal.js";
import { type AfterReport, trainingHost } from "../training-host.js";

interface RunOptions extends HomeOption, ReadingOptions {
  data?: string;
  blackbox?: string;
  out?: string;
  once?: boolean;
  threads?: number;
  progressJson?: boolean;
}

/** How long the coordinator's clock is waited for. */
const PROBE_MS = 10_000;

export interface RunHooks {
  readonly afterReport?: AfterReport;
}

/** `fedbaps-site run`: serves the approved studies. */
export function runCommand(io: CommandIo, hooks: RunHooks = {}): Command {
  const command = addReadingOptions(new Command("run"))
    .description("serve the studies that this site has approved, until stopped")
    .option("--data <dir>", "the site's folder of images with masks (default: the one in site.yaml)")
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
  const { clock, random } = io;
  const display = new ProgressDisplay({
    write: io.stderr,
    clock,
    json: options.progressJson === true,
    terminal: io.terminal,
  });
  const say = (line: string) => display.say(line);
  const policy = await LivePolicy.open(home, clock, say);
  const membership = await loadMembership(home);
  checkUrl(membership.url, policy.rules);
  const route = await readRoute(membership.url, io.env, home.folder);
  const { data, blackbox, open, answers, material } = await measureSettings(io, { ...options, seed: 0 });
  const out = options.out === undefined ? undefined : await writableFolder(options.out);
  const taken = new AbortController();
  const release = await lockFolder(home, "fedbaps-site run", io, () => taken.abort());
  const stop = AbortSignal.any([io.signal, taken.signal]);
  try {
    const identity = await untilSettled({ home, membership, clock, random, signal: stop, route }, say);
    if (identity === undefined) return;
    const site = identity.site;
    const logger = fileLogger(home.log, clock);
    const state = new AgentStateWriter({ home, clock, pid: process.pid });
    const pauses = new AgentPauses({
      clock,
      say,
      changed: (pause) => {
        state.waiting(pause);
        logger.info(pause ? "waiting" : "goes-on", { code: pause?.reason });
        // A night of waiting says nothing of how long the rest takes.
        if (!pause) display.restartEstimates();
      },
    });
    const { threads } = options;
    const gated = {
      ...open,
      ...(await openUnderPolicy({ home, policy, clock, threads, pause: pauses.pause, over: pauses.over })),
    };
    const agent = new Agent(
      {
        home,
        identity,
        membership,
        route,
        policy,
        clock,
        random,
        state,
        logger,
        openTraining: trainingHost({
          site,
          data,
          blackbox,
          open: gated,
          answers,
          clock,
          afterReport,
          material: options.progressJson ? { ...material, onProgress: undefined } : material,
          onOpened: (dataset) => tellLeftOut(dataset, { say, logger }),
        }),
        show: (figures) => state.study(display.show(figures)),
        say,
      },
      { out, once: options.once === true },
    );
    const stopWatch = watchClock({
      clock,
      ask: async () => {
        const within = AbortSignal.any([stop, AbortSignal.timeout(PROBE_MS)]);
        return (await probeWeb(`${membership.url}/healthz`, route, () => elapsed(clock), within)).date;
      },
      say,
      failed: (code) => state.failed(code),
    });
    const status = await agent.run(stop).finally(stopWatch);
    if (taken.signal.aborted)
      throw new AgentError(
        "HOME_CHANGED",
        `another process took over ${home.folder}, or its lock was deleted; stopped`,
      );
    if (status !== 0)
      throw new AgentError("STUDY_FAILED", "a study ended without this site's report; the lines above say why");
  } finally {
    await release();
  }
}

async function writableFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  try {
    await makeFolder(path);
    return path;
  } catch (error) {
    throw new UsageError(`cannot write to --out ${path}: ${messageOf(error)}`);
  }
}

import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { messageOf } from "@fedbaps/core/common/errors.js";
import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { CoordinatorProcess, type StudyState } from "./coordinator-process.js";
import { DemoError } from "./errors.js";
import { Hospital } from "./hospital.js";
import type { DemoOptions } from "./options.js";
import { Processes } from "./processes.js";
import { ProgressDisplay } from "./progress.js";
import { type DemoReport, mean, meanReference, type SiteFigures } from "./report.js";
import { CLICKS, PERSONAL_SHARE, prepareSites, type SiteData } from "./site-data.js";

const STUDY = "demo";
/** A site that is silent this long is left out of the round, where the study allows it. */
const SILENCE_SECONDS = 20;
const POLL_MS = 1000;

export interface DemoIo {
  readonly stderr: (text: string) => void;
  readonly terminal: boolean;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Takes the figures when they are there. */
  readonly result: (report: DemoReport) => void;
}

/**
 * Runs the demo: coordinator and agents as processes, enrolment, approval, a study to its end; with `keep`, the
 * coordinator stays until the signal.
 * @throws DemoError and the errors of what it starts; no process is left behind either way.
 */
export async function runDemo(options: DemoOptions, io: DemoIo): Promise<void> {
  const started = io.now();
  await makeOut(options.out);
  const processes = new Processes();
  const work = await mkdtemp(join(tmpdir(), "fedbaps-demo-"));
  const onAbort = () => void processes.stopAll();
  io.signal.addEventListener("abort", onAbort);
  try {
    const sites = await prepareSites(options, work);
    // Nothing of an earlier demo must stand in for a site that drops out of this one.
    for (const { site } of sites)
      for (const file of ["report.json", "decoder.safetensors"])
        await rm(join(options.out, site, file), { force: true });
    const display = new ProgressDisplay({
      sites: sites.map(({ site }) => site),
      budget: options.budget,
      rounds: options.rounds,
      terminal: io.terminal,
      write: io.stderr,
      now: io.now,
      started,
    });
    display.say(`starting a coordinator (a new database takes some seconds) and ${sites.length} site agents`);
    const coordinator = await CoordinatorProcess.start(processes, join(work, "coordinator"), options.port);
    display.say(`coordinator and dashboard at ${coordinator.url}; state of all processes in ${work}`);
    display.say(`sign in there with the token in ${coordinator.tokenFile}`);
    const hospitals = sites.map(({ site }) => new Hospital(site, join(work, site), processes));
    const { blackbox } = options;
    await Promise.all(sites.map(({ folder: data }, i) => hospitals[i].enrol(coordinator, { data, blackbox })));
    const words = await coordinator.signRoster(join(work, "lead", "lead-key.json"));
    display.say(`the study lead signs the roster; its words, for the telephone: ${words}`);
    await coordinator.createStudy(studySpec(options, sites));
    // Started, it is offered to its sites; rounds begin when enough of them have approved it.
    await coordinator.startStudy(STUDY);
    await Promise.all(hospitals.map((hospital) => hospital.decide(STUDY, words)));
    for (const hospital of hospitals) startAgent(hospital, display, options, io.signal);
    const state = await watch(coordinator, display, io);
    display.end();
    if (state.status !== "completed")
      throw new DemoError("DEMO_STUDY", `the study ended ${state.status} (${state.reason ?? "no reason given"})`);
    const figures = await collect(options.out, sites);
    for (const { site } of sites)
      if (!figures.some((reported) => reported.site === site))
        display.say(`${site} did not report: it is not in the table`);
    const spared = sites.length - (options.require ?? defaultRequirement(sites.length));
    if (sites.length - figures.length > spared)
      throw new DemoError(
        "DEMO_STUDY",
        `only ${figures.length} of ${sites.length} sites reported; the lines above say why`,
      );
    const report = makeReport(options, figures, state, (io.now() - started) / 1000);
    await writeFileAtomic(join(options.out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
    io.result(report);
    if (options.keep) await keepOpen(coordinator, display, io);
  } finally {
    io.signal.removeEventListener("abort", onAbort);
    await processes.stopAll();
    await rm(work, { recursive: true, force: true });
  }
}

/** Waits for the signal, or for the coordinator's end. */
async function keepOpen({ url, tokenFile, running }: CoordinatorProcess, display: ProgressDisplay, io: DemoIo) {
  display.say(`\nthe dashboard stays open at ${url} (token in ${tokenFile}) until Ctrl-C`);
  const stopped = new Promise<void>((resolve) => {
    if (io.signal.aborted) resolve();
    io.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([stopped, running.ended]);
}

async function makeOut(out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true });
    await writeFileAtomic(join(out, ".writable"), "");
    await rm(join(out, ".writable"));
  } catch (error) {
    throw new DemoError("DEMO_OUT", `--out ${out}: cannot be written (${messageOf(error)}); choose another folder`);
  }
}

/** All of three; of more, all but one: that many may drop out within a round. */
function defaultRequirement(sites: number): number {
  return sites > 3 ? sites - 1 : sites;
}

function studySpec(options: DemoOptions, sites: readonly SiteData[]) {
  const require = options.require ?? defaultRequirement(sites.length);
  return {
    name: STUDY,
    title: "Demonstration on one machine",
    decoder: options.decoder,
    rounds: options.rounds,
    budget: options.budget,
    personalShare: PERSONAL_SHARE,
    clicks: CLICKS,
    seed: options.seed,
    silenceSeconds: SILENCE_SECONDS,
    participation: { sites: sites.map(({ site }) => site), require },
  } as const;
}

function startAgent(hospital: Hospital, display: ProgressDisplay, options: DemoOptions, signal: AbortSignal): void {
  const { site } = hospital;
  const out = join(options.out, site);
  const { process: child, ended } = hospital.serve(out, (line) => display.agent(site, line));
  void ended.then((status) => {
    if (signal.aborted || status === 0) return;
    display.note(site, `gone (${status})`);
    const again = `node apps/site-agent/bin/fedbaps-site.js ${hospital.serveArguments(out).join(" ")}`;
    display.say(`${site} (process ${child.pid}) ended with ${status}; bring it back with:\n  ${again}`);
  });
}

/** Follows the study until it ends. */
async function watch(coordinator: CoordinatorProcess, display: ProgressDisplay, io: DemoIo): Promise<StudyState> {
  for (;;) {
    io.signal.throwIfAborted();
    const state = await Promise.race([
      coordinator.study(STUDY),
      coordinator.running.ended.then((status) => {
        throw new DemoError("DEMO_PROCESS", `the coordinator ended with ${status}`);
      }),
    ]);
    display.study(state);
    if (["completed", "aborted", "paused"].includes(state.status)) return state;
    await sleep(POLL_MS, undefined, { signal: io.signal });
  }
}

/** The sites' own reports; a site that is gone has none. */
async function collect(out: string, sites: readonly SiteData[]): Promise<SiteFigures[]> {
  const figures: SiteFigures[] = [];
  for (const { site } of sites) {
    try {
      figures.push(JSON.parse(await readFile(join(out, site, "report.json"), "utf8")) as SiteFigures);
    } catch {
      // A drop-out: it is missing from the table as it is from the study's end.
    }
  }
  return figures;
}

function makeReport(
  options: DemoOptions,
  sites: readonly SiteFigures[],
  state: StudyState,
  wallSeconds: number,
): DemoReport {
  const total = (pick: (site: SiteFigures) => number) => sites.reduce((sum, site) => sum + pick(site), 0);
  return {
    study: STUDY,
    mode: "fedavg",
    decoder: options.decoder,
    decoderParameters: parameterCount(options.decoder),
    blackbox: options.blackbox,
    sites: sites.map(
      ({ site, images, zeroShotDice, adaptedDice, referenceDice, deployed, queries, blackboxSeconds }) => ({
        site,
        images,
        zeroShotDice,
        adaptedDice,
        ...(referenceDice === undefined ? {} : { referenceDice }),
        deployed,
        queries,
        blackboxSeconds,
      }),
    ),
    zeroShotDice: mean(sites.map((site) => site.zeroShotDice)),
    adaptedDice: mean(sites.map((site) => site.adaptedDice)),
    referenceDice: meanReference(sites),
    rounds: {
      completed: state.completed,
      aborted: state.rounds.filter(({ phase }) => phase === "aborted").length,
    },
    blackboxQueries: total(({ queries }) => queries),
    blackboxSeconds: total(({ blackboxSeconds }) => blackboxSeconds),
    wallSeconds,
    ...state.traffic,
    seed: options.seed,
  };
}

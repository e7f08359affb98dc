import type { Clock } from "@fedbaps/core/common/clock.js";
import { codeOf } from "@fedbaps/core/common/errors.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import type { Identity, RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { rosterHash } from "@fedbaps/core/secagg/roster.js";
import type { Instruction, StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { SignedRoster } from "@fedbaps/core/wire/roster.js";
import { adviceOn } from "./advice.js";
import { type Decision, decisionOn, readDecisions } from "./approvals.js";
import { Connection, type LinkState } from "./connection.js";
import type { Route } from "./coordinator-route.js";
import { WaitingForDisk } from "./disk-patience.js";
import type { Home } from "./home.js";
import type { Membership } from "./membership.js";
import { saveOffers } from "./offers.js";
import { plainReason } from "./plain-reason.js";
import { objections, type Policy } from "./policy.js";
import type { ProgressFigures } from "./progress.js";
import { acceptedRoster, saveOfferedRoster } from "./roster-files.js";
import { RoundRunner } from "./round-runner.js";
import type { RunnerLink } from "./runner-link.js";
import { StudySeal } from "./study-seal.js";
import { StudyStore } from "./study-store.js";
import { StudyWork } from "./study-work.js";
import { SumRunner } from "./sum-runner.js";
import type { OpenTraining } from "./training.js";

export interface AgentComponents {
  readonly home: Home;
  readonly identity: Identity;
  readonly membership: Membership;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly openTraining: OpenTraining;
  /** The proxy and the authorities by which the coordinator is reached. */
  readonly route?: Route | undefined;
  show(figures: ProgressFigures): void;
  say(line: string): void;
}

export interface AgentInit {
  /** Where else results go. */
  readonly out?: string | undefined;
  /** Stop when every approved study is over. */
  readonly once: boolean;
}

/** How long a step in hand may take to end when the agent stops. */
const PATIENCE_MS = 1400;
/** How often a decision made by `study approve` is looked for. */
const DECISIONS_MS = 1000;

/** The running agent: one connection, and a runner for each approved study. */
export class Agent {
  readonly #connection: Connection;
  readonly #runners = new Map<string, RoundRunner>();
  /** Studies that this process has worked on, and those that are over, with whether this site's report was taken. */
  readonly #served = new Set<string>();
  readonly #over = new Map<string, boolean>();
  #offers: readonly StudyOffer[] = [];
  #decisions: readonly Decision[] = [];
  #sentApprovals = "";
  /** Of the roster that was accepted when it was looked for last. */
  #rosterHash: string | undefined;
  #queue: Promise<void> = Promise.resolve();
  #cancelWatch = () => {};
  #finish: (status: number) => void = () => {};

  constructor(
    private readonly components: AgentComponents,
    private readonly init: AgentInit,
  ) {
    this.#connection = new Connection(components, {
      studies: (offers) => this.#enqueue(() => this.#offered(offers)),
      roster: (roster) => this.#enqueue(() => this.#rosterOffered(roster)),
      instruction: (instruction) => this.#enqueue(() => this.#instructed(instruction)),
      state: (state, code) => this.#linkChanged(state, code),
    });
  }

  /**
   * Serves until `signal`, or with `once` until the approved studies are over.
   * @returns the exit status: 0, or 1 when a study of a `once` run ended without a report.
   */
  async run(signal: AbortSignal): Promise<number> {
    const finished = new Promise<number>((resolve) => {
      this.#finish = resolve;
      signal.addEventListener("abort", () => resolve(0), { once: true });
      if (signal.aborted) resolve(0);
    });
    this.#decisions = await readDecisions(this.components.home);
    this.#connection.start();
    this.#watch();
    const status = await finished;
    await this.#stop();
    return status;
  }

  async #stop(): Promise<void> {
    const { clock } = this.components;
    this.#cancelWatch();
    let cancel = () => {};
    const patience = new Promise<void>((resolve) => {
      cancel = clock.after(PATIENCE_MS, resolve);
    });
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop(patience)));
    cancel();
    this.#connection.stop();
  }

  async #offered(offers: readonly StudyOffer[]): Promise<void> {
    this.#offers = offers;
    await saveOffers(this.components.home, offers);
    this.#sendApprovals();
    const undecided = offers.filter(({ hash }) => decisionOn(this.#decisions, hash) === undefined);
    for (const { spec } of undecided)
      this.components.say(`the study ${spec.name} waits for your decision: fedbaps-site study show ${spec.name}`);
    for (const { spec, hash } of offers)
      if (!this.#runners.has(hash) && (await this.#wasTaken(spec.name, hash))) this.#over.set(spec.name, true);
    this.#finishIfOver();
  }

  /** Kept for the person to look at; nothing is accepted by itself. */
  async #rosterOffered(signed: SignedRoster | null): Promise<void> {
    const { home, say } = this.components;
    await saveOfferedRoster(home, signed);
    const accepted = await acceptedRoster(home);
    this.#rosterHash = accepted && rosterHash(accepted);
    if (signed && rosterHash(signed.roster) !== this.#rosterHash)
      say(`version ${signed.roster.version} of the roster waits for your decision: fedbaps-site roster show`);
  }

  /** Whether an earlier process has reported on exactly this text of a study, and the coordinator took it. */
  async #wasTaken(study: string, hash: string): Promise<boolean> {
    const entries = await StudyStore.read(this.components.home, study).catch(() => []);
    return (
      entries.some((entry) => entry.kind === "opened" && entry.hash === hash) &&
      entries.some(({ kind }) => kind === "acknowledged")
    );
  }

  /** The hashes that are approved and within the policy. */
  #approved(): string[] {
    const { policy, identity } = this.components;
    return this.#offers
      .filter(({ hash }) => decisionOn(this.#decisions, hash) === "approved")
      .filter(({ spec }) => objections(spec, policy, identity.site).length === 0)
      .map(({ hash }) => hash)
      .sort();
  }

  #sendApprovals(): void {
    const hashes = this.#approved();
    this.#sentApprovals = hashes.join();
    this.#connection.send("approvals", "approvals", { hashes });
  }

  async #instructed(instruction: Instruction): Promise<void> {
    const study = studyOf(instruction);
    const offer = this.#offers.find(({ spec }) => spec.name === study);
    if (!offer) {
      // A study that is over is not offered any more; that is all there is to know of it.
      if (instruction.phase === "wait") return this.#notOffered(study, instruction);
      return this.#refuse(study, "NOT_APPROVED");
    }
    try {
      const runner = this.#runners.get(offer.hash) ?? (await this.#openRunner(offer));
      runner.receive(instruction);
    } catch (error) {
      this.components.say(`${study}: ${plainReason(error)}`);
      this.#refuse(study, codeOf(error));
    }
  }

  async #openRunner(offer: StudyOffer): Promise<RoundRunner> {
    const { home, identity, policy, clock, random, logger, openTraining, show, say } = this.components;
    const { spec: study, hash } = offer;
    const patience = new WaitingForDisk({ clock, logger, study: study.name, say });
    const store = await StudyStore.open(home, study.name, hash, patience);
    const history = this.#connection.history.bind(this.#connection);
    const roster = () => acceptedRoster(home);
    const seal = new StudySeal({ study, hash, identity, random, file: store.epochKeysFile, roster });
    const work = new StudyWork({ study, store, history, seal, logger, open: openTraining });
    const sums = new SumRunner({ study, hash, identity, policy, random, store, work, seal, logger, roster });
    const runner = new RoundRunner({
      site: identity.site,
      offer,
      policy,
      store,
      work,
      sums,
      seal,
      roster,
      link: this.#linkOf(study.name),
      clock,
      logger,
      approved: () => this.#approved().includes(hash),
      show,
      say,
      over: (reported) => this.#studyOver(study.name, reported),
      out: this.init.out,
    });
    this.#runners.set(hash, runner);
    this.#served.add(study.name);
    return runner;
  }

  #linkOf(study: string): RunnerLink {
    const connection = this.#connection;
    return {
      reply: (reply) => connection.send(`reply/${study}`, "reply", reply),
      progress: (progress) => connection.send(`progress/${study}`, "progress", progress),
      failure: (failure) => connection.send(`failure/${study}`, "failure", failure),
      report: (report, done) => connection.send(`report/${study}`, "report", report, ({ ok }) => done(ok)),
    };
  }

  #refuse(study: string, code: string): void {
    this.#connection.send(`failure/${study}`, "failure", { study, stage: "recruiting", code });
  }

  /**
   * A study that this process served ends where its runner says so: a report may still wait for its acknowledgement. An
   * older one was counted in its own time.
   */
  #notOffered(study: string, instruction: Instruction): void {
    const runner = [...this.#runners.values()].find(({ study: served }) => served === study);
    if (runner) runner.receive(instruction);
    else this.#finishIfOver();
  }

  #studyOver(study: string, reported: boolean): void {
    this.#over.set(study, reported);
    this.#finishIfOver();
  }

  /** Ends a `once` run when no approved study is left to serve. */
  #finishIfOver(): void {
    if (!this.init.once) return;
    const approved = this.#approved();
    const open = this.#offers.filter(({ spec, hash }) => approved.includes(hash) && !this.#over.has(spec.name));
    const names = this.#offers.map(({ spec }) => spec.name);
    // How a study ended that is not offered any more, the coordinator is about to say.
    const ending = [...this.#served].filter((study) => !names.includes(study) && !this.#over.has(study));
    if (open.length > 0 || ending.length > 0) return;
    // Nothing was served, and nothing is offered that was ever approved: all of it is over.
    const decided = this.#decisions.filter(({ decision }) => decision === "approved");
    const nothingLeft = decided.length > 0 && decided.every(({ study }) => !names.includes(study));
    if (this.#over.size > 0 || nothingLeft) this.#finish([...this.#over.values()].every(Boolean) ? 0 : 1);
  }

  #linkChanged(state: LinkState, code?: string): void {
    if (state === "admitted") this.components.say("connected to the coordinator");
    if (state === "lost" && code !== undefined) this.components.say(`not connected (${adviceOn(code)}); trying again`);
  }

  /** Decisions may come from another process while this one runs. */
  #watch(): void {
    this.#cancelWatch = this.components.clock.after(DECISIONS_MS, () => {
      this.#enqueue(async () => {
        const before = this.#approved();
        this.#decisions = await readDecisions(this.components.home);
        this.#approvalsChanged(before, this.#approved());
        if (this.#approved().join() !== this.#sentApprovals) this.#sendApprovals();
        await this.#rosterAccepted();
      });
      this.#watch();
    });
  }

  async #rosterAccepted(): Promise<void> {
    const accepted = await acceptedRoster(this.components.home);
    const hash = accepted && rosterHash(accepted);
    if (hash === this.#rosterHash) return;
    this.#rosterHash = hash;
    for (const runner of this.#runners.values()) runner.rosterChanged();
  }

  #approvalsChanged(before: readonly string[], now: readonly string[]): void {
    for (const { spec, hash } of this.#offers) {
      const runner = this.#runners.get(hash);
      const approved = now.includes(hash);
      if (!runner || before.includes(hash) === approved) continue;
      runner.approvalChanged();
      if (approved) {
        if (this.#over.get(spec.name) === false) this.#over.delete(spec.name);
      } else if (!this.#over.has(spec.name)) this.#studyOver(spec.name, false);
    }
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work).catch((error: unknown) => {
      this.components.logger.error("failed", { code: codeOf(error) });
      this.components.say(plainReason(error));
    });
  }
}

function studyOf(instruction: Instruction): string {
  if ("study" in instruction) return instruction.study;
  return "cohort" in instruction ? instruction.cohort.reference.study : instruction.reference.study;
}

import { codeOf } from "@fedbaps/core/common/errors.js";
import type { Instruction } from "@fedbaps/core/wire/messages.js";
import type { RoundReference } from "@fedbaps/core/wire/secagg-messages.js";
import { AgentError } from "./errors.js";
import { OwedReport } from "./owed-report.js";
import { ownDice } from "./own-dice.js";
import type { StepReport } from "./paid-steps.js";
import { plainReason } from "./plain-reason.js";
import { requireRoster } from "./roster-files.js";
import { RoundAttempts } from "./round-attempts.js";
import { RoundPermission } from "./round-permission.js";
import { RoundRetry } from "./round-retry.js";
import type { RoundRunnerInit } from "./round-runner-init.js";
import { RoundTasks, type Stage } from "./round-tasks.js";
import { StudyProgress } from "./study-progress.js";
import type { SumInstruction } from "./sum-runner.js";

type Recruiting = Extract<Instruction, { phase: "recruiting" }>;

/**
 * Obeys the coordinator's instructions for one study. Each may come twice, late, or after a restart: it is answered from
 * what is stored, and nothing is bought again.
 */
export class RoundRunner {
  readonly #tasks: RoundTasks;
  readonly #progress: StudyProgress;
  readonly #attempts = new RoundAttempts();
  readonly #permission: RoundPermission;
  readonly #retry: RoundRetry;
  readonly #owed: OwedReport;

  constructor(private readonly init: RoundRunnerInit) {
    const { offer, work, clock, link, show } = init;
    this.#permission = new RoundPermission(init);
    this.#retry = new RoundRetry(clock);
    this.#progress = new StudyProgress({ offer, work, clock, send: (progress) => link.progress(progress), show });
    this.#tasks = new RoundTasks({
      failed: (stage, error) => this.#fail(stage, error),
      heartbeat: () => this.#progress.heartbeat(() => this.#attempts.latest),
    });
    this.#owed = new OwedReport({
      ...init,
      send: (report, done) => link.report(report, done),
      settled: (accepted) => {
        if (accepted) this.#progress.phase("done");
        init.over(accepted);
      },
    });
  }

  /** Takes an instruction. Never throws: what goes wrong is told to the coordinator as a code, and here in a line. */
  receive(instruction: Instruction): void {
    if (this.#tasks.stopping) return;
    this.init.logger.debug("instruction", { study: this.#name, phase: instruction.phase });
    if (instruction.phase === "wait") this.#wait(instruction.reason);
    else if (instruction.phase === "report") this.#report(instruction.version, instruction.studyHash);
    else if (instruction.phase === "recruiting") this.#recruit(instruction);
    else if (instruction.phase === "training")
      this.#train(instruction.reference, instruction.studyHash, instruction.version);
    else if (instruction.phase === "advertiseKeys") this.#sum(instruction, instruction.cohort.reference);
    else this.#sum(instruction, instruction.reference);
  }

  /** Ends the work: after the step in hand, or, when `patience` runs out, in the middle of it. */
  async stop(patience: Promise<void>): Promise<void> {
    this.#tasks.stop();
    this.#retry.cancel();
    this.#owed.cancel();
    void patience.then(() => {
      this.#tasks.abort();
      this.init.store.patience.giveUp();
    });
    await this.idle();
    this.init.sums.forget();
    await this.init.work.close();
  }

  /** Resolves when everything that was received so far has been dealt with. */
  async idle(): Promise<void> {
    await this.#tasks.idle();
    await this.#owed.idle();
  }

  /** The person here has decided anew: without approval nothing more is spent or sent. */
  approvalChanged(): void {
    if (this.#tasks.stopping) return;
    if (this.#permission.granted) {
      const { asked } = this.#owed;
      if (asked) this.#report(asked.version, asked.hash);
      return;
    }
    this.#retry.cancel();
    this.#owed.cancel();
    this.init.sums.forget();
    const stage = this.#tasks.name === "report" ? "report" : "training";
    const working = this.#tasks.name !== undefined;
    this.#tasks.abort();
    if (working) this.#fail(stage, this.#permission.denied());
  }

  /** The person here has accepted a roster: what failed for want of it is tried at once. */
  rosterChanged(): void {
    this.#retry.now();
  }

  get study(): string {
    return this.#name;
  }

  get #name(): string {
    return this.init.offer.spec.name;
  }

  #wait(reason: Extract<Instruction, { phase: "wait" }>["reason"]): void {
    // Waiting for others may be said in the middle of a sum, on a reconnect: the attempt's keys are still needed then.
    if (reason !== "waiting-for-sites") this.init.sums.forget();
    this.#progress.phase(reason);
    if (reason === "aborted") {
      this.#tasks.abort();
      this.init.over(this.#owed.taken);
    } else if (reason === "completed" && !this.#owed.pending) this.#completed();
    // Else the coordinator says so before it acknowledges the report.
  }

  /** A report whose acknowledgement came after this program's end is sent once more: it may have arrived, or not. */
  #completed(): void {
    const { store, offer, approved, over } = this.init;
    const [made] = store.records("reported");
    if (made && !this.#owed.taken && approved()) this.#report(made.report.version, offer.hash);
    else over(this.#owed.taken);
  }

  #recruit(instruction: Recruiting): void {
    const { reference, studyHash: hash, rosterHash, makeEpoch } = instruction;
    // An earlier round again: its sum was taken back. What this site revealed in it before, the journal knows.
    if (reference.round < (this.#attempts.latest?.round ?? 0)) {
      this.#attempts.restart();
      this.#owed.cancel();
    }
    if (!this.#follow(reference)) return;
    this.#retry.cancel();
    const again = () => {
      if (this.#attempts.isLatest(reference) && !this.#tasks.stopping) this.#recruit(instruction);
    };
    this.#tasks.enqueue(
      "recruiting",
      async () => {
        this.#permission.check(hash);
        this.#progress.phase("recruiting", reference.round);
        const roster = requireRoster(await this.init.roster(), rosterHash);
        await this.init.work.open();
        const deal = makeEpoch ? await this.init.seal.deal(roster, reference.round) : undefined;
        const epoch = deal === undefined ? {} : { epoch: deal };
        this.init.link.reply({ phase: "recruiting", reference, ready: true, ...epoch });
      },
      // What keeps a site from being ready may pass: a black box that is down, a folder that is not mounted yet.
      () => {
        if (!this.#tasks.stopping) this.#retry.set(again);
      },
    );
  }

  #train(reference: RoundReference, hash: string, version: number): void {
    if (!this.#follow(reference)) return;
    this.#attempts.ask(reference);
    const { round } = reference;
    // The same round again, in a new attempt: the work goes on and answers to the newest.
    if (this.#tasks.name === `round ${round}`) return;
    this.#tasks.begin(`round ${round}`, "training", async (signal) => {
      this.#permission.check(hash);
      if (version !== round - 1)
        throw new AgentError("BAD_INSTRUCTION", `round ${round} cannot start from version ${version}`);
      this.#progress.phase("validating", round);
      await this.init.work.train(round, signal, (step) => this.#stepDone(this.#attempts.latest ?? reference, step));
      this.#progress.phase("waiting", round);
      // While a newer attempt still recruits, its own instruction to train is to come, and is answered at once.
      const { waiting } = this.#attempts;
      const { policy, work, link } = this.init;
      const dice = ownDice(policy.rules, work, version);
      if (waiting) link.reply({ phase: "training", reference: waiting, queries: work.queries, ...dice });
    });
  }

  #sum(instruction: SumInstruction, reference: RoundReference): void {
    if (!this.#follow(reference)) return;
    this.#tasks.enqueue("secagg", async () => {
      this.#permission.check(this.init.offer.hash);
      this.#progress.phase(instruction.phase, reference.round);
      this.init.link.reply(await this.init.sums.answer(instruction));
    });
  }

  #report(version: number, hash: string): void {
    if (this.#tasks.stopping || this.#tasks.name === "report" || this.#owed.unanswered) return;
    this.#retry.cancel();
    this.#owed.ask({ version, hash });
    this.init.sums.forget();
    this.#attempts.restart();
    const make = async (signal: AbortSignal) => {
      this.#permission.check(hash);
      // What is done now belongs to no round: the wire's progress wants one.
      const reference = { study: this.#name, round: version + 1, attempt: 1 };
      this.#attempts.restart(reference);
      this.#progress.phase("report");
      await this.#owed.make(version, signal, (step) => this.#stepDone(reference, step));
    };
    const again = () => this.#owed.failed((asked) => this.#report(asked.version, asked.hash));
    this.#tasks.begin("report", "report", make, again);
  }

  /** Throws when no further step is to begin. */
  #stepDone(reference: RoundReference, step: StepReport): void {
    this.#progress.step(reference, step);
    if (this.#tasks.stopping) throw new DOMException("stopping", "AbortError");
    if (!this.#permission.granted) throw this.#permission.denied();
  }

  /** Whether an instruction belongs to the newest attempt heard of; work for another round is given up then. */
  #follow(reference: RoundReference): boolean {
    if (!this.#attempts.follow(reference)) return false;
    if (this.#tasks.name !== `round ${reference.round}`) this.#tasks.abort();
    return true;
  }

  #fail(stage: Stage, error: unknown): void {
    const code = codeOf(error);
    const { link, logger, say, failed } = this.init;
    logger.warn("failed", { study: this.#name, stage, code });
    failed?.(code);
    say(`${this.#name}: ${stage} failed: ${plainReason(error)}`);
    link.failure({ study: this.#name, stage, code });
  }
}

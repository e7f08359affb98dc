import type { Clock } from "@fedbaps/core/common/clock.js";
import { codeOf, messageOf } from "@fedbaps/core/common/errors.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import type { Failure, Instruction, Progress, Reply, SiteReport, StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { RoundReference } from "@fedbaps/core/wire/secagg-messages.js";
import { AgentError } from "./errors.js";
import { checkPolicy, type Policy } from "./policy.js";
import type { ProgressFigures } from "./progress.js";
import { filterReport, makeReport } from "./study-report.js";
import type { StudyStore } from "./study-store.js";
import type { StudyWork } from "./study-work.js";
import type { SumInstruction, SumRunner } from "./sum-runner.js";

/** What a runner sends; each is repeated by the link until it is acknowledged. */
export interface RunnerLink {
  reply(reply: Reply): void;
  progress(progress: Progress): void;
  failure(failure: Failure): void;
  /** @param done is called with whether the coordinator took it. */
  report(report: SiteReport, done: (accepted: boolean) => void): void;
}

export interface RoundRunnerInit {
  readonly site: string;
  readonly offer: StudyOffer;
  readonly policy: Policy;
  readonly store: StudyStore;
  readonly work: StudyWork;
  readonly sums: SumRunner;
  readonly link: RunnerLink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the site's approval stands, for exactly this text of the study. */
  approved(): boolean;
  /** For the person who watches. */
  show(figures: ProgressFigures): void;
  say(line: string): void;
  /** The study is over here: the report was taken (true), or it never will be. */
  over(reported: boolean): void;
  readonly out?: string | undefined;
}

type Stage = Failure["stage"];

/** Work that takes long: at most one at a time. */
interface Task {
  readonly name: string;
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

const PROGRESS_MS = 1000;
/** Says that the site is alive while a long measurement gives no figures. */
const HEARTBEAT_MS = 5000;
const RETRY_MS = 30_000;

/**
 * Obeys the coordinator's instructions for one study. Each may come twice, late, or after a restart: it is answered from
 * what is stored, and nothing is bought again.
 */
export class RoundRunner {
  #latest: RoundReference | undefined;
  #task: Task | undefined;
  #queue: Promise<void> = Promise.resolve();
  /** No step is begun after this. */
  #stopping = false;
  #cancelRetry = () => {};
  #last: Progress | undefined;
  #shown = 0;

  constructor(private readonly init: RoundRunnerInit) {}

  /** Takes an instruction. Never throws: what goes wrong is told to the coordinator as a code, and here in a line. */
  receive(instruction: Instruction): void {
    if (this.#stopping) return;
    this.init.logger.debug("instruction", { study: this.#name, phase: instruction.phase });
    switch (instruction.phase) {
      case "wait":
        return this.#wait(instruction.reason);
      case "report":
        return this.#report(instruction.version, instruction.studyHash);
      case "advertiseKeys":
        return this.#sum(instruction, instruction.cohort.reference);
      case "recruiting":
        return this.#recruit(instruction.reference, instruction.studyHash);
      case "training":
        return this.#train(instruction.reference, instruction.studyHash, instruction.version);
      default:
        return this.#sum(instruction, instruction.reference);
    }
  }

  /** Ends the work: after the step in hand, or, when `patience` runs out, in the middle of it. */
  async stop(patience: Promise<void>): Promise<void> {
    this.#stopping = true;
    this.#cancelRetry();
    const task = this.#task;
    void patience.then(() => task?.controller.abort());
    await task?.done;
    await this.#queue;
    this.init.sums.forget();
    await this.init.work.close();
  }

  /** Resolves when everything that was received so far has been dealt with. */
  async idle(): Promise<void> {
    await this.#queue;
    await this.#task?.done;
    await this.#queue;
  }

  get #name(): string {
    return this.init.offer.spec.name;
  }

  #wait(reason: Extract<Instruction, { phase: "wait" }>["reason"]): void {
    this.init.sums.forget();
    this.#show({ phase: reason });
    const reported = this.init.store.records("acknowledged").length > 0;
    if (reason === "aborted") this.#task?.controller.abort();
    if (reason === "aborted" || (reason === "completed" && (reported || this.#task === undefined)))
      this.init.over(reported);
  }

  #recruit(reference: RoundReference, hash: string): void {
    if (!this.#follow(reference)) return;
    this.#cancelRetry();
    this.#enqueue("recruiting", reference, async () => {
      this.#checkStudy(hash);
      this.#show({ phase: "recruiting", round: reference.round });
      await this.init.work.open();
      this.init.link.reply({ phase: "recruiting", reference, ready: true });
    });
  }

  #train(reference: RoundReference, hash: string, version: number): void {
    if (!this.#follow(reference)) return;
    const name = `round ${reference.round}`;
    // The same round again, in a new attempt: the work goes on and answers to the newest.
    if (this.#task?.name === name) return;
    this.#begin(name, "training", async (signal) => {
      this.#checkStudy(hash);
      if (version !== reference.round - 1)
        throw new AgentError("BAD_INSTRUCTION", `round ${reference.round} cannot start from version ${version}`);
      this.#show({ phase: "validating", round: reference.round });
      await this.init.work.train(reference.round, signal, (step) => {
        this.#stepDone(step);
        if (this.#stopping) throw signal.reason ?? new DOMException("stopping", "AbortError");
      });
      const current = this.#latest!;
      if (current.round !== reference.round) return;
      this.#show({ phase: "waiting", round: reference.round });
      this.init.link.reply({ phase: "training", reference: current, queries: this.init.work.queries });
    });
  }

  #sum(instruction: SumInstruction, reference: RoundReference): void {
    if (!this.#follow(reference)) return;
    this.#enqueue("secagg", reference, async () => {
      if (!this.init.approved()) this.#checkStudy(this.init.offer.hash);
      this.#show({ phase: instruction.phase, round: reference.round });
      this.init.link.reply(await this.init.sums.answer(instruction));
    });
  }

  #report(version: number, hash: string): void {
    if (this.#task?.name === "report") return;
    this.init.sums.forget();
    this.#latest = undefined;
    this.#begin("report", "report", async (signal) => {
      this.#checkStudy(hash);
      const { store, work, policy, site, offer, out } = this.init;
      this.#last = { ...this.#figures({ study: this.#name, round: Math.max(1, version), attempt: 1 }), stepsDone: 0, stepsPlanned: 0 };
      this.#show({ phase: "report" });
      const [known] = store.records("reported");
      const report =
        known?.report ??
        filterReport(await makeReport({ site, study: offer.spec, store, work, out }, version, signal), policy);
      if (!known) await store.record({ kind: "reported", report });
      this.init.link.report(report, (accepted) => this.#reported(accepted));
    });
  }

  #reported(accepted: boolean): void {
    const { store, say, over } = this.init;
    if (!accepted) say(`${this.#name}: the coordinator did not take the report; it is in ${store.folder}`);
    const noted = accepted && store.records("acknowledged").length === 0 ? store.record({ kind: "acknowledged" }) : undefined;
    void Promise.resolve(noted).finally(() => {
      if (accepted) this.#show({ phase: "done" });
      over(accepted);
    });
  }

  /** Whether an instruction belongs to the newest attempt heard of; work for another round is given up then. */
  #follow(reference: RoundReference): boolean {
    const latest = this.#latest;
    const order = latest ? reference.round - latest.round || reference.attempt - latest.attempt : 1;
    if (order < 0) return false;
    this.#latest = reference;
    const task = this.#task;
    if (task && task.name !== `round ${reference.round}`) task.controller.abort();
    return true;
  }

  #checkStudy(hash: string): void {
    const { offer, policy, site } = this.init;
    if (hash !== offer.hash || !this.init.approved())
      throw new AgentError("NOT_APPROVED", `${this.#name} is not approved here, as the coordinator runs it now`);
    checkPolicy(offer.spec, policy, site);
  }

  /** Long work, after the one before it has ended. */
  #begin(name: string, stage: Stage, work: (signal: AbortSignal) => Promise<void>): void {
    const before = this.#task;
    before?.controller.abort();
    const controller = new AbortController();
    const run = async () => {
      await before?.done;
      const cancel = this.#heartbeat();
      try {
        controller.signal.throwIfAborted();
        await work(controller.signal);
      } catch (error) {
        if (!controller.signal.aborted && !this.#stopping) this.#fail(stage, error);
      } finally {
        cancel();
        if (this.#task === task) this.#task = undefined;
      }
    };
    const task: Task = { name, controller, done: Promise.resolve().then(run) };
    this.#task = task;
  }

  /** Short work, in the order of the instructions. */
  #enqueue(stage: Stage, reference: RoundReference, work: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      try {
        await work();
      } catch (error) {
        this.#fail(stage, error);
        if (stage === "recruiting") this.#retry(reference);
      }
    });
  }

  /** What keeps a site from being ready may pass: a black box that is down, a folder that is not mounted yet. */
  #retry(reference: RoundReference): void {
    if (this.#stopping) return;
    this.#cancelRetry = this.init.clock.after(RETRY_MS, () => {
      if (this.#latest === reference && !this.#stopping) this.#recruit(reference, this.init.offer.hash);
    });
  }

  #fail(stage: Stage, error: unknown): void {
    const code = codeOf(error);
    const { link, logger, say } = this.init;
    logger.warn("failed", { study: this.#name, stage, code });
    say(`${this.#name}: ${stage} failed: ${messageOf(error)}`);
    link.failure({ study: this.#name, stage, code });
  }

  #stepDone({ stepsDone, stepsPlanned, loss }: { stepsDone: number; stepsPlanned: number; loss: number }): void {
    const reference = this.#latest;
    if (!reference) return;
    this.#last = { ...this.#figures(reference), stepsDone, stepsPlanned };
    const now = this.init.clock.now();
    if (now - this.#shown < PROGRESS_MS && stepsDone < stepsPlanned) return;
    this.#shown = now;
    this.#show({ phase: "training", round: reference.round, stepsDone, stepsPlanned, loss });
    this.init.link.progress(this.#last);
  }

  #figures(reference: RoundReference): Pick<Progress, "reference" | "queries"> {
    return { reference, queries: this.init.work.queries };
  }

  #heartbeat(): () => void {
    let cancel = () => {};
    const beat = () => {
      const reference = this.#latest ?? this.#last?.reference;
      if (reference) {
        const { stepsDone, stepsPlanned } = this.#last ?? { stepsDone: 0, stepsPlanned: 0 };
        this.init.link.progress({ ...this.#figures(reference), stepsDone, stepsPlanned });
      }
      cancel = this.init.clock.after(HEARTBEAT_MS, beat);
    };
    cancel = this.init.clock.after(HEARTBEAT_MS, beat);
    return () => cancel();
  }

  #show(figures: Pick<ProgressFigures, "phase"> & Partial<ProgressFigures>): void {
    const { work, offer } = this.init;
    const curve = work.curve();
    this.init.show({
      study: this.#name,
      queries: work.queries,
      budget: offer.spec.budget,
      rounds: offer.spec.rounds,
      ...(curve.length > 0 ? { zeroShotValDice: curve[0].valDice, valDice: curve.at(-1)!.valDice } : {}),
      ...figures,
    });
  }
}

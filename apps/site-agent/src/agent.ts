import { codeOf } from "@fedbaps/core/common/errors.js";
import type { Instruction, StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { AgentComponents } from "./agent-components.js";
import { Ending } from "./agent-ending.js";
import { LinkNews } from "./agent-link-news.js";
import { AgentRoster } from "./agent-roster.js";
import { Runners } from "./agent-runners.js";
import { AgentStudies } from "./agent-studies.js";
import { readDecisions } from "./approvals.js";
import { Connection } from "./connection.js";
import { saveOffers } from "./offers.js";
import { plainReason } from "./plain-reason.js";
import { SentCounts } from "./sent-counts.js";
import { StudyStore } from "./study-store.js";

export type { AgentComponents } from "./agent-components.js";

export interface AgentInit {
  /** Where else results go. */
  readonly out?: string | undefined;
  /** Stop when every approved study is over. */
  readonly once: boolean;
}

/** How long a step in hand may take to end when the agent stops. */
const PATIENCE_MS = 1400;
/** How often a decision made by `study approve`, and a change of the policy, is looked for. */
const DECISIONS_MS = 1000;

/** The running agent: one connection, and a runner for each approved study. */
export class Agent {
  readonly #connection: Connection;
  readonly #studies: AgentStudies;
  readonly #runners: Runners;
  readonly #roster: AgentRoster;
  readonly #ending = new Ending();
  readonly #sent: SentCounts;
  /** What was sent, and said, last of approvals and refusals. */
  #sentApprovals = "";
  #saidRefusals = "";
  #faulty = false;
  #queue: Promise<void> = Promise.resolve();
  #cancelWatch = () => {};
  #finish: (status: number) => void = () => {};

  constructor(
    private readonly components: AgentComponents,
    private readonly init: AgentInit,
  ) {
    const { identity, policy, clock, state, home } = components;
    const say = (line: string) => components.say(line);
    const news = new LinkNews(clock, say);
    this.#studies = new AgentStudies(policy, identity.site);
    this.#roster = new AgentRoster({ home, identity, policy, now: () => clock.now(), say });
    this.#sent = new SentCounts({ home, clock });
    this.#connection = new Connection(
      { ...components, sent: this.#sent },
      {
        studies: (offers) => this.#enqueue(() => this.#offered(offers)),
        roster: (roster) => this.#enqueue(() => this.#roster.offered(roster)),
        instruction: (instruction) => this.#enqueue(() => this.#instructed(instruction)),
        state: (link, code) => {
          state?.link(link, code);
          news.changed(link, code);
        },
      },
    );
    this.#runners = new Runners(components, this.#connection, {
      out: init.out,
      approved: (hash) => this.#studies.approved().includes(hash),
      over: (study, reported) => this.#studyOver(study, reported),
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
    this.#studies.decisions = await readDecisions(this.components.home);
    this.#connection.start();
    this.#watch();
    const status = await finished;
    await this.#stop();
    return status;
  }

  async #stop(): Promise<void> {
    const { clock, state } = this.components;
    this.#cancelWatch();
    let cancel = () => {};
    const patience = new Promise<void>((resolve) => {
      cancel = clock.after(PATIENCE_MS, resolve);
    });
    await Promise.all(this.#runners.all().map((runner) => runner.stop(patience)));
    cancel();
    this.#connection.stop();
    await this.#sent.flush();
    await state?.stop();
  }

  async #offered(offers: readonly StudyOffer[]): Promise<void> {
    const { home, say } = this.components;
    this.#studies.offers = offers;
    // For other commands to look at: the agent itself does without.
    await saveOffers(home, offers).catch((error: unknown) => say(plainReason(error)));
    this.#approvalsChanged();
    this.#sendApprovals();
    for (const { spec } of this.#studies.undecided())
      say(`the study ${spec.name} waits for your decision: fedbaps-site study show ${spec.name}`);
    this.#sayRefusals();
    for (const { spec, hash } of offers)
      if (!this.#runners.get(hash) && (await this.#wasTaken(spec.name, hash))) this.#ending.end(spec.name, true);
    this.#finishIfOver();
  }

  /** Whether an earlier process has reported on exactly this text of a study, and the coordinator took it. */
  async #wasTaken(study: string, hash: string): Promise<boolean> {
    const entries = await StudyStore.read(this.components.home, study).catch(() => []);
    return (
      entries.some((entry) => entry.kind === "opened" && entry.hash === hash) &&
      entries.some(({ kind }) => kind === "acknowledged")
    );
  }

  #sendApprovals(): void {
    const hashes = this.#studies.approved();
    this.#sentApprovals = hashes.join();
    this.#connection.send("approvals", "approvals", { hashes });
  }

  /** Studies that somebody approved and the policy refuses: with the line of the policy, once. */
  #sayRefusals(): void {
    const lines = this.#studies.refused();
    if (lines.join() === this.#saidRefusals) return;
    this.#saidRefusals = lines.join();
    for (const line of lines) this.components.say(line);
  }

  async #instructed(instruction: Instruction): Promise<void> {
    const study = studyOf(instruction);
    const offer = this.#studies.named(study);
    if (!offer) {
      // A study that is over is not offered any more; that is all there is to know of it.
      if (instruction.phase === "wait") return this.#notOffered(study, instruction);
      return this.#refuse(study, "NOT_APPROVED");
    }
    try {
      const runner = this.#runners.get(offer.hash) ?? (await this.#runners.open(offer));
      this.#ending.serve(study);
      runner.receive(instruction);
    } catch (error) {
      this.components.say(`${study}: ${plainReason(error)}`);
      this.components.state?.failed(codeOf(error), study);
      this.#refuse(study, codeOf(error));
    }
  }

  #refuse(study: string, code: string): void {
    this.#connection.send(`failure/${study}`, "failure", { study, stage: "recruiting", code });
  }

  /**
   * A study that this process served ends where its runner says so: a report may still wait for its acknowledgement. An
   * older one was counted in its own time.
   */
  #notOffered(study: string, instruction: Instruction): void {
    const runner = this.#runners.all().find(({ study: served }) => served === study);
    if (runner) runner.receive(instruction);
    else this.#finishIfOver();
  }

  #studyOver(study: string, reported: boolean): void {
    this.#ending.end(study, reported);
    this.#finishIfOver();
  }

  /** Ends a `once` run when no approved study is left to serve. */
  #finishIfOver(): void {
    if (!this.init.once) return;
    const { offers, decisions } = this.#studies;
    const status = this.#ending.status(offers, this.#studies.approved(), decisions);
    if (status !== undefined) this.#finish(status);
  }

  /** Decisions may come from another process while this one runs, and the policy may be written anew. */
  #watch(): void {
    this.#cancelWatch = this.components.clock.after(DECISIONS_MS, () => {
      this.#enqueue(async () => {
        const { home, policy } = this.components;
        await policy.refresh();
        this.#noteFaults();
        this.#studies.decisions = await readDecisions(home);
        this.#approvalsChanged();
        this.#sayRefusals();
        if (this.#studies.approved().join() !== this.#sentApprovals) this.#sendApprovals();
        if (await this.#roster.changed()) for (const runner of this.#runners.all()) runner.rosterChanged();
      });
      this.#watch();
    });
  }

  /** The person here has been told in words; for whoever looks from outside there is the code. */
  #noteFaults(): void {
    const { policy, state, logger } = this.components;
    if (policy.faulty && !this.#faulty) {
      state?.failed("POLICY_FAULTY");
      logger.warn("failed", { code: "POLICY_FAULTY" });
    }
    this.#faulty = policy.faulty;
  }

  #approvalsChanged(): void {
    for (const { offer, approved } of this.#studies.turned()) {
      const study = offer.spec.name;
      const runner = this.#runners.get(offer.hash);
      if (!runner) continue;
      runner.approvalChanged();
      if (approved) this.#ending.reopen(study);
      else if (!this.#ending.isOver(study)) this.#studyOver(study, false);
    }
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work).catch((error: unknown) => {
      const { logger, say, state } = this.components;
      logger.error("failed", { code: codeOf(error) });
      state?.failed(codeOf(error));
      say(plainReason(error));
    });
  }
}

function studyOf(instruction: Instruction): string {
  if ("study" in instruction) return instruction.study;
  return "cohort" in instruction ? instruction.cohort.reference.study : instruction.reference.study;
}

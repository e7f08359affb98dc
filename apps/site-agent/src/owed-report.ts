import type { Clock } from "@fedbaps/core/common/clock.js";
import type { SiteReport, StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { StepReport } from "./paid-steps.js";
import type { PolicySource } from "./policy/live-policy.js";
import { filterReport, makeReport, resultLine } from "./study-report.js";
import type { StudyStore } from "./study-store.js";
import type { StudyWork } from "./study-work.js";

export interface OwedReportInit {
  readonly site: string;
  readonly offer: StudyOffer;
  readonly policy: PolicySource;
  readonly store: StudyStore;
  readonly work: StudyWork;
  readonly clock: Clock;
  readonly out?: string | undefined;
  /** @param done is called with whether the coordinator took it. */
  send(report: SiteReport, done: (accepted: boolean) => void): void;
  say(line: string): void;
  /** Called when the coordinator has answered. */
  settled(accepted: boolean): void;
}

/** What the coordinator asked for. */
export interface Asked {
  readonly version: number;
  readonly hash: string;
}

const RETRY_MS = 30_000;

/** The report of one study: owed from when the coordinator asks until it has taken it, through failures in between. */
export class OwedReport {
  #asked: Asked | undefined;
  #pending = false;
  #unanswered = false;
  #queue: Promise<void> = Promise.resolve();
  #cancelRetry = () => {};

  constructor(private readonly init: OwedReportInit) {}

  /** Being made, or on its way. */
  get pending(): boolean {
    return this.#pending;
  }

  /** On its way: the link sends it again by itself until it is answered. */
  get unanswered(): boolean {
    return this.#unanswered;
  }

  /** Whether the coordinator has it. */
  get taken(): boolean {
    return this.init.store.records("acknowledged").length > 0;
  }

  /** What was asked for and is not taken yet. */
  get asked(): Asked | undefined {
    return this.#asked;
  }

  ask(asked: Asked): void {
    this.cancel();
    this.#asked = asked;
    this.#pending = true;
  }

  /** Makes the report, or takes the stored one, and sends it. */
  async make(version: number, signal: AbortSignal, onStep: (step: StepReport) => void): Promise<void> {
    const { store, work, policy, site, offer, out, say, send } = this.init;
    const [known] = store.records("reported");
    const init = { site, study: offer.spec, store, work, out, say, now: () => this.init.clock.now(), onStep };
    const report = known?.report ?? filterReport(await makeReport(init, version, signal), policy.rules);
    if (!known) await store.record({ kind: "reported", report });
    this.#unanswered = true;
    send(report, (accepted) => this.#answered(accepted));
  }

  /** What kept it from being made may pass; what was measured before is not measured again. */
  failed(again: (asked: Asked) => void): void {
    this.#pending = false;
    const asked = this.#asked;
    if (asked) this.#cancelRetry = this.init.clock.after(RETRY_MS, () => again(asked));
  }

  /** Given up for now. */
  cancel(): void {
    this.#cancelRetry();
    this.#pending = false;
    this.#unanswered = false;
  }

  /** Resolves when an answer that came has been written down. */
  idle(): Promise<void> {
    return this.#queue;
  }

  #answered(accepted: boolean): void {
    this.#unanswered = false;
    const { store, out, say, settled, offer } = this.init;
    const { name } = offer.spec;
    this.#queue = this.#queue.then(async () => {
      if (!accepted) say(`${name}: the coordinator did not take the report; it is in ${store.folder}`);
      else {
        if (!this.taken) await store.record({ kind: "acknowledged" }).catch(() => {});
        const line = await resultLine(store, out).catch(() => undefined);
        if (line !== undefined) say(line);
        this.#asked = undefined;
      }
      this.#pending = false;
      settled(accepted);
    });
  }
}

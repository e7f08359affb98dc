import { type Clock, elapsed } from "@fedbaps/core/common/clock.js";
import type { Progress, StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { RoundReference } from "@fedbaps/core/wire/secagg-messages.js";
import type { StepReport } from "./paid-steps.js";
import type { ProgressFigures } from "./progress.js";
import type { StudyWork } from "./study-work.js";

const PROGRESS_MS = 1000;
/** Says that the site is alive while a long measurement gives no figures. */
const HEARTBEAT_MS = 5000;

export interface StudyProgressInit {
  readonly offer: StudyOffer;
  readonly work: StudyWork;
  readonly clock: Clock;
  /** To the coordinator. */
  send(progress: Progress): void;
  /** To the person here. */
  show(figures: ProgressFigures): void;
}

/** What is told of a study while it is worked on. */
export class StudyProgress {
  #steps = { stepsDone: 0, stepsPlanned: 0 };
  #sent = Number.NEGATIVE_INFINITY;

  constructor(private readonly init: StudyProgressInit) {}

  /** Shows a change of phase. */
  phase(phase: string, round?: number, more: Partial<ProgressFigures> = {}): void {
    const { work, offer, show } = this.init;
    const curve = work.curve();
    show({
      study: offer.spec.name,
      phase,
      ...(round === undefined ? {} : { round }),
      rounds: offer.spec.rounds,
      queries: work.queries,
      budget: offer.spec.budget,
      ...(curve.length > 0 ? { zeroShotValDice: curve[0].valDice, valDice: curve.at(-1)!.valDice } : {}),
      ...more,
    });
  }

  /** After every step; told about once a second, and at the last. */
  step(reference: RoundReference, { stepsDone, stepsPlanned, loss }: StepReport): void {
    this.#steps = { stepsDone, stepsPlanned };
    const now = elapsed(this.init.clock);
    if (now - this.#sent < PROGRESS_MS && stepsDone < stepsPlanned) return;
    this.#sent = now;
    const figures = { stepsDone, stepsPlanned, loss };
    if (reference.round > this.init.offer.spec.rounds) this.phase("fine-tuning", undefined, figures);
    else this.phase("training", reference.round, figures);
    this.#send(reference);
  }

  /** Signs of life until the returned function is called. @param reference of what the site works on now */
  heartbeat(reference: () => RoundReference | undefined): () => void {
    const { clock } = this.init;
    let cancel = () => {};
    const beat = () => {
      const current = reference();
      if (current) this.#send(current);
      cancel = clock.after(HEARTBEAT_MS, beat);
    };
    cancel = clock.after(HEARTBEAT_MS, beat);
    return () => cancel();
  }

  #send(reference: RoundReference): void {
    this.init.send({ reference, ...this.#steps, queries: this.init.work.queries });
  }
}

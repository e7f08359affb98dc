import { type Clock, elapsed } from "@fedbaps/core/common/clock.js";
import { duration } from "./work-progress.js";

/** Where one study stands at this site. For the person here, or a program that watches; never sent. */
export interface ProgressFigures {
  readonly study: string;
  readonly phase: string;
  readonly round?: number;
  readonly rounds: number;
  readonly queries: number;
  readonly budget: number;
  readonly stepsDone?: number;
  readonly stepsPlanned?: number;
  /** Mean training loss of the last step. */
  readonly loss?: number;
  /** Of the newest version that was validated, and of the model without a decoder. */
  readonly valDice?: number;
  readonly zeroShotValDice?: number;
  /** A guess for the whole study. */
  readonly secondsLeft?: number;
}

export interface DisplayInit {
  readonly write: (text: string) => void;
  readonly clock: Clock;
  /** One JSON line for each event, for a program. */
  readonly json: boolean;
  /** Whether a line can be written over. */
  readonly terminal: boolean;
}

const LINE_MS = 10_000;
/** The rest of the budget is not spent any more: this site has reported, or the study is over. */
const ENDED = ["done", "completed", "aborted"];

/** Progress on standard error: JSON lines, or one line for a person with the time left. */
export class ProgressDisplay {
  readonly #begun = new Map<string, { queries: number; at: number }>();
  #open = false;
  #shown = { key: "", at: Number.NEGATIVE_INFINITY };

  constructor(private readonly init: DisplayInit) {}

  /** @returns the figures with the time left, where that can be guessed */
  show(figures: ProgressFigures): ProgressFigures {
    const { write, json, terminal } = this.init;
    const full = this.#withTime(figures);
    if (json) write(`${JSON.stringify(full)}\n`);
    else if (terminal) {
      this.#open = true;
      write(`\r\u001b[K${progressLine(full)}`);
    } else this.#line(full);
    return full;
  }

  /** The time left is guessed from what is seen from now on. */
  restartEstimates(): void {
    this.#begun.clear();
  }

  /** Where lines stay: one for each change, and one now and then. */
  #line(full: ProgressFigures): void {
    const { write, clock } = this.init;
    const key = `${full.study} ${plainPhase(full.phase)} ${full.round}`;
    if (key === this.#shown.key && elapsed(clock) - this.#shown.at < LINE_MS) return;
    this.#shown = { key, at: elapsed(clock) };
    write(`${progressLine(full)}\n`);
  }

  /** A line of its own. For programs, the events say it all. */
  say(line: string): void {
    this.init.write(`${this.#open ? "\n" : ""}${line}\n`);
    this.#open = false;
  }

  #withTime(figures: ProgressFigures): ProgressFigures {
    const now = elapsed(this.init.clock);
    const first = this.#begun.get(figures.study);
    if (!first) this.#begun.set(figures.study, { queries: figures.queries, at: now });
    const spent = figures.queries - (first?.queries ?? figures.queries);
    if (!first || spent <= 0 || ENDED.includes(figures.phase)) return figures;
    const left = ((figures.budget - figures.queries) * (now - first.at)) / spent / 1000;
    return { ...figures, secondsLeft: Math.max(0, Math.round(left)) };
  }
}

/** One line for a person. */
export function progressLine(figures: ProgressFigures): string {
  const { study, phase, round, rounds, stepsDone, stepsPlanned, queries, budget, loss, valDice, zeroShotValDice } =
    figures;
  const parts = [
    round === undefined ? study : `${study} round ${round}/${rounds}`,
    stepsDone === undefined ? plainPhase(phase) : `${phase} step ${stepsDone}/${stepsPlanned}`,
    `${queries} of ${budget} queries`,
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(3)}`]),
    ...(valDice === undefined
      ? []
      : [`validation Dice ${valDice.toFixed(3)} (zero-shot ${zeroShotValDice?.toFixed(3)})`]),
    ...(figures.secondsLeft === undefined ? [] : [`about ${duration(figures.secondsLeft)} left`]),
  ];
  return parts.join("  ");
}

const SUM_PHASES = ["advertiseKeys", "shareKeys", "maskedInput", "consistency", "unmask"];

/** The five phases of a sum are one thing to a person. */
export function plainPhase(phase: string): string {
  return SUM_PHASES.includes(phase) ? "secure sum" : phase;
}

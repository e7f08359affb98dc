import { type Clock, elapsed } from "../common/clock.js";
import type { Image, ProbabilityMap } from "../image/image.js";
import { checkCounts, inBatches } from "./batches.js";
import { addLatency, type LatencyBins } from "./latency.js";
import { BlackBoxError, type ModelDescription, type Prompt, type SegmentationModel } from "./model.js";

/** What a query was spent on. */
export type Purpose = "train" | "validate" | "report";

/** What was asked of a black box, in a form that a journal keeps. Every figure only ever grows. */
export interface MeterState {
  readonly train: number;
  readonly validate: number;
  readonly report: number;
  /** Seconds of answered calls, added up; calls that overlap count each. */
  readonly seconds: number;
  /** Calls (batches) that ended without an answer, those that were called off apart. */
  readonly failures: number;
  /** How long answered calls took. */
  readonly latency: LatencyBins;
}

export const freshMeter: MeterState = { train: 0, validate: 0, report: 0, seconds: 0, failures: 0, latency: {} };

/** Queries of all purposes. */
export function queriesOf({ train, validate, report }: MeterState): number {
  return train + validate + report;
}

/**
 * Counts the queries of one site and holds them to its budget. One query is one image segmented once. A call that would
 * go over the budget, counting what is under way, is refused before anything is sent; a call that failed is not counted.
 */
export class QueryMeter {
  readonly budget: number;
  readonly #clock: Clock;
  #state: MeterState;
  #underWay = 0;

  /** @param budget queries at most, `Infinity` for none; @param state what was spent before a restart. */
  constructor(budget: number, clock: Clock, state: MeterState = freshMeter) {
    this.budget = budget;
    this.#clock = clock;
    this.#state = state;
  }

  get spent(): number {
    return queriesOf(this.#state);
  }

  get remaining(): number {
    return this.budget - this.spent;
  }

  get state(): MeterState {
    return this.#state;
  }

  /** Sets queries aside until `release`. @throws BlackBoxError BUDGET_EXHAUSTED when so many more would go over the budget. */
  reserve(queries: number): void {
    if (queries > this.remaining - this.#underWay)
      throw new BlackBoxError(
        "BUDGET_EXHAUSTED",
        `the query budget of ${this.budget} is spent (${this.spent} used, ${queries} more wanted); raise --budget or the policy's budget`,
        { budget: this.budget, spent: this.spent, wanted: queries },
      );
    this.#underWay += queries;
  }

  release(queries: number): void {
    this.#underWay -= queries;
  }

  /** Runs `call`, worth `queries` that are reserved, and counts it when it is answered. */
  async count<T>(purpose: Purpose, queries: number, call: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const start = elapsed(this.#clock);
    try {
      const answer = await call();
      const milliseconds = elapsed(this.#clock) - start;
      this.#state = {
        ...this.#state,
        [purpose]: this.#state[purpose] + queries,
        seconds: this.#state.seconds + milliseconds / 1000,
        latency: addLatency(this.#state.latency, milliseconds),
      };
      return answer;
    } catch (error) {
      if (!signal?.aborted) this.#state = { ...this.#state, failures: this.#state.failures + 1 };
      throw error;
    }
  }
}

/** A black box whose every query is counted under one purpose. */
export class MeteredModel implements SegmentationModel {
  readonly #model: SegmentationModel;
  readonly #meter: QueryMeter;
  readonly #purpose: Purpose;

  constructor(model: SegmentationModel, meter: QueryMeter, purpose: Purpose) {
    this.#model = model;
    this.#meter = meter;
    this.#purpose = purpose;
  }

  get description(): ModelDescription {
    return this.#model.description;
  }

  /**
   * As the black box's own. Each batch is counted as it is answered, also when another of the call fails; a batch that
   * the provider had to send more than once is counted once.
   * @throws BlackBoxError BUDGET_EXHAUSTED before anything is sent when the whole call does not fit the budget.
   */
  async segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal): Promise<ProbabilityMap[]> {
    checkCounts(images, prompts);
    const queries = images.length;
    this.#meter.reserve(queries);
    try {
      const { maxBatch: size, concurrency, spread } = this.description;
      return await inBatches(images, prompts, { size, concurrency, spread, signal }, async (batch, given) => {
        await this.#model.admit?.(batch.length, signal);
        const ask = () => this.#model.segment(batch, given, signal);
        return this.#meter.count(this.#purpose, batch.length, ask, signal);
      });
    } finally {
      this.#meter.release(queries);
    }
  }

  close(): Promise<void> {
    return this.#model.close();
  }
}

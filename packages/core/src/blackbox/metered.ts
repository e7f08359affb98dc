import type { Clock } from "../common/clock.js";
import type { Image, ProbabilityMap } from "../image/image.js";
import { BlackBoxError, type ModelDescription, type Prompt, type SegmentationModel } from "./model.js";

/** What a query was spent on. */
export type Purpose = "train" | "validate" | "report";

export interface MeterState {
  readonly train: number;
  readonly validate: number;
  readonly report: number;
  /** Seconds spent waiting for the black box. */
  readonly seconds: number;
}

export const freshMeter: MeterState = { train: 0, validate: 0, report: 0, seconds: 0 };

/**
 * Counts the queries of one site and holds them to its budget. One query is one image segmented once. A call that would
 * go over the budget is refused before anything is sent; a call that failed is not counted.
 */
export class QueryMeter {
  readonly budget: number;
  readonly #clock: Clock;
  readonly #spent: Record<Purpose, number>;
  #seconds: number;

  /** @param budget queries at most, `Infinity` for none; @param state what was spent before a restart. */
  constructor(budget: number, clock: Clock, state: MeterState = freshMeter) {
    this.budget = budget;
    this.#clock = clock;
    this.#spent = { train: state.train, validate: state.validate, report: state.report };
    this.#seconds = state.seconds;
  }

  get spent(): number {
    return this.#spent.train + this.#spent.validate + this.#spent.report;
  }

  get remaining(): number {
    return this.budget - this.spent;
  }

  get state(): MeterState {
    return { ...this.#spent, seconds: this.#seconds };
  }

  /** @throws BlackBoxError BUDGET_EXHAUSTED when `queries` more would go over the budget. */
  expect(queries: number): void {
    if (queries > this.remaining)
      throw new BlackBoxError(
        "BUDGET_EXHAUSTED",
        `the query budget of ${this.budget} is spent (${this.spent} used, ${queries} more wanted); raise --budget or the policy's budget`,
        { budget: this.budget, spent: this.spent, wanted: queries },
      );
  }

  /** Runs `call`, worth `queries`, and counts it when it succeeds. @throws BlackBoxError BUDGET_EXHAUSTED */
  async count<T>(purpose: Purpose, queries: number, call: () => Promise<T>): Promise<T> {
    this.expect(queries);
    const start = this.#clock.now();
    const answer = await call();
    this.#spent[purpose] += queries;
    this.#seconds += (this.#clock.now() - start) / 1000;
    return answer;
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

  async segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal): Promise<ProbabilityMap[]> {
    // Cut into batches, the last prompts would otherwise be dropped unseen, or the first batches paid for in vain.
    if (images.length !== prompts.length)
      throw new BlackBoxError("BLACKBOX_INPUT", `${images.length} images came with ${prompts.length} prompts`);
    // The whole call must fit the budget; each batch is counted as it is answered, also when a later one fails.
    this.#meter.expect(images.length);
    const maps: ProbabilityMap[] = [];
    const size = this.description.maxBatch;
    for (let start = 0; start < images.length; start += size) {
      const batch = images.slice(start, start + size);
      const answer = () => this.#model.segment(batch, prompts.slice(start, start + size), signal);
      maps.push(...(await this.#meter.count(this.#purpose, batch.length, answer)));
    }
    return maps;
  }

  close(): Promise<void> {
    return this.#model.close();
  }
}

import { elapsed } from "@fedbaps/core/common/clock.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import {
  type AdaptationResult,
  type AdaptationState,
  adaptLocally,
  type LocalProgress,
} from "@fedbaps/core/training/local-adaptation.js";
import type { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { type CommandIo, say } from "../command-io.js";
import { WaitingForDisk } from "../disk-patience.js";
import { GracefulStop } from "../graceful-stop.js";
import { writing } from "../home-failure.js";
import { AnswerFiles } from "../report/answer-files.js";
import { measureReference } from "../report/reference.js";
import { duration } from "../work-progress.js";
import type { AdaptCheckpoint, Unfinished } from "./checkpoint.js";
import type { RunSettings } from "./settings.js";

export interface AdaptRunInit {
  readonly io: CommandIo;
  readonly training: SiteTraining;
  readonly checkpoint: AdaptCheckpoint;
  readonly settings: RunSettings;
  readonly stopsEarly: boolean;
  /** `--out` */
  readonly out: string;
  /** What an earlier process left there. */
  readonly before: Unfinished | undefined;
}

/** With what a small network does alone; undefined where that could not be measured. */
export interface AdaptRunResult extends AdaptationResult {
  readonly reference: readonly ImageScore[] | undefined;
}

/** A local run that may be stopped at any point and goes on from its last step or answered block, to the same bits. */
export class AdaptRun {
  readonly #stop: GracefulStop;
  readonly #patience: WaitingForDisk;
  readonly #answers: AnswerFiles;
  readonly #started: number;
  #saved: Unfinished | undefined;

  constructor(private readonly init: AdaptRunInit) {
    const { io, before, out } = init;
    this.#started = elapsed(io.clock);
    this.#answers = new AnswerFiles(out);
    this.#saved = before;
    this.#patience = new WaitingForDisk({
      clock: io.clock,
      logger: silentLogger,
      study: "adapt",
      say: (line) => say(io, line),
    });
    this.#stop = new GracefulStop(io.signal, io.clock, () =>
      say(io, `stopping; what was paid for is kept in ${out}, and the same command goes on from there`),
    );
    this.#stop.late.addEventListener("abort", () => this.#patience.giveUp());
  }

  /** Queries of steps that were cut off: they were asked again. */
  get lost(): number {
    return this.#saved?.lost ?? 0;
  }

  /**
   * @param save the best decoder so far: what was paid for is of use while the run goes on
   * @throws UsageError when an unfinished run with other settings is in the way
   */
  async toEnd(save: (theta: Float32Array, version: number) => Promise<void>): Promise<AdaptRunResult> {
    const { io, training, checkpoint, before, settings, out } = this.init;
    if (before) checkpoint.requireSame(before, settings);
    if (before) say(io, `goes on with the run in ${out}: ${this.#spent()} spent so far`);
    else await this.#answers.clear();
    await this.#remember(before);
    const onProgress = this.#progress();
    try {
      const result = await adaptLocally(training, {
        signal: this.#stop.late,
        ...(before ? { from: before.state } : {}),
        stopsEarly: this.init.stopsEarly,
        onProgress,
        onBetter: (theta, version) => this.keep(() => save(theta, version)),
        onAnswers: (subject, given) => this.keep(() => this.#answers.save(subject, given)),
        onState: async (state) => {
          await this.#save(state, this.lost);
          this.#stop.check();
        },
      });
      if (io.terminal) io.stderr("\n");
      say(io, "trains a small network on your labels alone, to compare with: no query");
      // Nothing is lost by stopping here at once: it is computed anew.
      const reference = await measureReference(training, io.signal, (line) => say(io, line));
      return { ...result, reference };
    } catch (error) {
      await this.#countLost();
      if (this.#saved) say(io, `not finished: ${this.#spent()} are spent; the same command goes on from there`);
      throw error;
    }
  }

  /** Writes into `--out`, and waits while its disk takes nothing. */
  keep(write: () => Promise<void>): Promise<void> {
    return this.#patience.keep(() => writing(this.init.out, write));
  }

  close(): void {
    this.#stop.end();
  }

  async #save(state: AdaptationState, lost: number): Promise<void> {
    const { checkpoint, settings, training } = this.init;
    const next = { settings, state, meter: training.meter.state, lost };
    await this.#patience.keep(() => checkpoint.save(next));
    this.#saved = next;
  }

  /** What the step that was cut off has cost. */
  async #countLost(): Promise<void> {
    const saved = this.#saved;
    if (!saved) return;
    const { train, validate, report } = saved.meter;
    const lost = saved.lost + this.init.training.meter.spent - train - validate - report;
    if (lost > saved.lost) await this.init.checkpoint.save({ ...saved, lost }).catch(() => {});
  }

  /** Answers that an earlier process paid for are shown in the pictures too. */
  async #remember(before: Unfinished | undefined): Promise<void> {
    if (!before) return;
    const known = new Set(before.state.zeroShot ? this.#testIds() : before.state.measuring.map(({ id }) => id));
    const adapted = before.state.zeroShot ? new Set(before.state.measuring.map(({ id }) => id)) : new Set<number>();
    for (const [subject, ids] of [
      ["zero-shot", known],
      ["adapted", adapted],
    ] as const)
      await this.init.training.remember(subject, async (id) =>
        ids.has(id) ? this.#answers.read(subject, id) : undefined,
      );
  }

  #testIds(): number[] {
    return this.init.training.dataset.test.map(({ id }) => id);
  }

  #spent(): string {
    const { meter } = this.init.training;
    return `${meter.spent + this.lost} of ${meter.budget} queries`;
  }

  #progress(): (progress: LocalProgress) => void {
    const { io, training } = this.init;
    let first: number | undefined;
    return ({ round, rounds, stepsDone, stepsPlanned, loss, valDice }) => {
      const share = (round - 1 + stepsDone / stepsPlanned) / rounds;
      first ??= share - 1 / stepsPlanned / rounds;
      if (!io.terminal && stepsDone < stepsPlanned) return;
      const left = ((elapsed(io.clock) - this.#started) / 1000) * ((1 - share) / (share - first));
      const line =
        `part ${round} of ${rounds}, ${training.meter.spent} of ${training.meter.budget} queries, ` +
        `loss ${loss.toFixed(3)}, validation Dice in use ${valDice.toFixed(3)}, about ${duration(left)} left`;
      if (io.terminal) io.stderr(`\r\u001b[K${line}`);
      else say(io, line);
    };
  }
}

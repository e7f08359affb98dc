import { stat } from "node:fs/promises";
import { join } from "node:path";
import { BlackBoxError } from "@fedbaps/core/blackbox/model.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { FedBapsError, messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { canonicalJson, sha256Hex } from "@fedbaps/core/common/hash.js";
import { readPicture } from "@fedbaps/core/data/read.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { AgentError } from "../errors.js";
import { FileDigests } from "./file-digests.js";
import type { Ledger, Prediction } from "./ledger.js";
import { basesOf, originOf } from "./names.js";
import { type Labels, writeAnswer } from "./outputs.js";
import type { Predictor } from "./predictor.js";
import { nameOf, outsideOf, placeOf, promptOutside, type Task } from "./task.js";

/** A picture that was not segmented, and why. The message may name the file, so it stays at the site. */
export interface Failed {
  readonly image: string;
  readonly code: string;
  readonly message: string;
  /** Whether it was asked for wrongly, rather than at fault itself. */
  readonly usage: boolean;
}

/** @throws the error itself where it is none of ours: a fault of the program is no bad picture. */
export function failedOf(image: string, error: unknown): Failed {
  if (!(error instanceof FedBapsError)) throw error;
  const code = typeof error.fields.code === "string" ? error.fields.code : error.code;
  return { image, code, message: messageOf(error), usage: error instanceof UsageError };
}

export interface BatchInit {
  readonly out: string;
  readonly ledger: Ledger;
  readonly predictor: Predictor;
  /** How many pictures one call of the black box takes. */
  readonly together: number;
  /** What besides picture and prompt the answers depend on: black box, decoder, version of the files. */
  readonly made: Readonly<Record<string, string>>;
  /** Whether the decoder draws for a prompt, and why or why not. */
  decide(task: Task): { readonly adapted: boolean; readonly reason: string };
  readonly labels: Omit<Labels, "now">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** After every picture that is done with. @param kept those of an earlier run */
  onDone(done: number, kept: number): void;
}

export interface BatchResult {
  readonly predictions: readonly Prediction[];
  readonly kept: number;
  readonly failed: readonly Failed[];
}

/** Pixels in memory at once, in a call of several pictures: about half a gigabyte with all that is made of them. */
const PIXELS_TOGETHER = 8_000_000;

interface Waiting {
  readonly task: Task;
  readonly base: string;
  readonly key: string;
  readonly image: Image;
  readonly adapted: boolean;
  readonly reason: string;
}

/**
 * Segments pictures one call of the black box after another. What an earlier run made of the same picture, prompt, decoder
 * and black box is kept; a picture that cannot be read or written does not stop the others, and is told of at the end.
 *
 * @throws BlackBoxError where no further answer is to be had; and when `signal` is aborted. What is answered is written.
 */
export class Batch {
  readonly #predictions = new Map<Task, Prediction>();
  readonly #failed: Failed[] = [];
  readonly #digests = new FileDigests();
  #waiting: Waiting[] = [];
  #kept = 0;

  constructor(private readonly init: BatchInit) {}

  /** What is done so far. */
  get done(): number {
    return this.#predictions.size + this.#failed.length;
  }

  async run(tasks: readonly Task[]): Promise<BatchResult> {
    const { ledger, signal } = this.init;
    const bases = basesOf(tasks, (base) => ledger.of(base)?.from);
    for (const [i, task] of tasks.entries()) {
      signal.throwIfAborted();
      await this.#take(task, bases[i]).catch((error: unknown) => this.#fail(task, error));
      if (this.#full()) await this.#ask();
    }
    await this.#ask();
    const predictions = tasks.flatMap((task) => this.#predictions.get(task) ?? []);
    return { predictions, kept: this.#kept, failed: this.#failed };
  }

  async #take(task: Task, base: string): Promise<void> {
    const decided = this.init.decide(task);
    const key = sha256Hex(
      "fedbaps/prediction/1",
      canonicalJson({
        ...this.init.made,
        // Of no effect where it does not draw.
        decoder: decided.adapted ? this.init.made.decoder : undefined,
        picture: await this.#digests.of(task.source.path),
        source: { ...task.source, path: undefined },
        prompt: task.prompt,
        adapted: decided.adapted,
      }),
    );
    const before = this.init.ledger.of(base);
    if (before?.key === key && (await this.#there(before))) {
      this.#kept++;
      this.#finish(task, before);
      return;
    }
    const image = await readPicture(task.source);
    const outside = outsideOf(task.prompt, image);
    if (outside !== undefined) throw promptOutside(task, outside);
    this.#waiting.push({ task, base, key, image, ...decided });
  }

  async #there({ mask, overlay, probability, segmentation }: Prediction): Promise<boolean> {
    for (const name of [mask, overlay, probability, segmentation])
      if (name !== null && !(await stat(join(this.init.out, name)).catch(() => undefined))?.size) return false;
    return true;
  }

  #full(): boolean {
    const pixels = this.#waiting.reduce((sum, { image }) => sum + image.width * image.height, 0);
    return this.#waiting.length >= this.init.together || pixels >= PIXELS_TOGETHER;
  }

  async #ask(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    const { predictor, signal } = this.init;
    const questions = waiting.map(({ task, image, adapted }) => ({ image, prompt: task.prompt, adapted }));
    let maps: Awaited<ReturnType<Predictor["segment"]>>;
    try {
      maps = await predictor.segment(questions, signal);
    } catch (error) {
      const alone = waiting.length === 1;
      if (alone && isAboutInput(error)) return this.#fail(waiting[0].task, error);
      if (alone || !(isAboutInput(error) || isAboutCount(error))) throw error;
      // One of them is refused, or so many at once: each for itself, so that what can be answered is.
      for (const one of waiting) {
        this.#waiting = [one];
        await this.#ask();
      }
      return;
    }
    // What is paid for is written, whatever comes.
    for (const [i, one] of waiting.entries())
      await this.#write(one, maps[i]).catch((error: unknown) => {
        if (error instanceof FedBapsError) return this.#fail(one.task, error);
        // A folder that cannot be written to is no fault of one picture.
        throw new AgentError(
          "OUT_UNWRITABLE",
          `--out ${this.init.out}: cannot be written (${messageOf(error)}); make room or give rights, then run the same command`,
        );
      });
  }

  async #write(
    { task, base, key, image, adapted, reason }: Waiting,
    map: Parameters<typeof writeAnswer>[2]["map"],
  ): Promise<void> {
    const { out, ledger, clock, labels } = this.init;
    const now = clock.now();
    const written = await writeAnswer(out, base, { task, image, map }, { ...labels, now });
    const prediction: Prediction = {
      format: "fedbaps-prediction/1",
      at: new Date(now).toISOString(),
      key,
      from: originOf(task),
      base,
      image: task.image,
      place: placeOf(task.source),
      object: task.object ?? null,
      decoder: adapted ? "adapted" : "zero-shot",
      reason,
      ...written,
      width: image.width,
      height: image.height,
    };
    await ledger.add(prediction);
    this.#finish(task, prediction);
  }

  #finish(task: Task, prediction: Prediction): void {
    this.#predictions.set(task, prediction);
    this.init.onDone(this.done, this.#kept);
  }

  #fail(task: Task, error: unknown): void {
    if (this.init.signal.aborted) throw error;
    this.#failed.push(failedOf(nameOf(task), error));
    this.init.onDone(this.done, this.#kept);
  }
}

/** Whether the black box refused this picture or prompt, and may answer others. */
function isAboutInput(error: unknown): boolean {
  return error instanceof BlackBoxError && error.code === "BLACKBOX_INPUT";
}

/** Whether fewer queries might be let in: what is left of the day is spent to the last. */
function isAboutCount(error: unknown): boolean {
  return error instanceof AgentError && (error.code === "DAILY_BUDGET" || error.code === "POLICY_REFUSED");
}

import { applyMean, openSum } from "@fedbaps/core/federation/aggregation.js";
import { packUpdate } from "@fedbaps/core/federation/update.js";
import type { OptimizerState } from "@fedbaps/core/optimizer/spsa-gc.js";
import { PERSONAL_PARTS } from "@fedbaps/core/training/budget-plan.js";
import type { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { tuningStart } from "@fedbaps/core/training/tuning-start.js";
import { VersionChoice } from "@fedbaps/core/training/version-choice.js";
import { type StudySpec, studySpecSchema } from "@fedbaps/core/wire/study.js";

/** What the loop takes of a study. */
export type Rounds = Pick<StudySpec, "rounds" | "personalShare" | "clip" | "maxImages">;

/** As a study has them whose lead says nothing of them. */
export function studyDefaults(): Rounds {
  return studySpecSchema.parse({ name: "bench", participation: { sites: ["a-site", "b-site", "c-site"] } });
}

/** What a site ends with: `theta` is undefined where it stays zero-shot. */
export interface Ended {
  readonly choice: VersionChoice;
  readonly theta: Float32Array | undefined;
}

/** One site in the loop, with what its agent keeps of a study. */
class Participant {
  readonly #thetas = new Map<number, Float32Array>();
  #state: OptimizerState;

  private constructor(
    private readonly training: SiteTraining,
    readonly choice: VersionChoice,
  ) {
    this.#state = training.startState();
  }

  static async join(training: SiteTraining): Promise<Participant> {
    return new Participant(training, new VersionChoice(await training.validate()));
  }

  get images(): number {
    return this.training.dataset.train.length;
  }

  /** @returns the site's update. */
  async train(round: number, shared: Float32Array): Promise<Float32Array> {
    const { training } = this;
    const step = Math.max(this.#state.step, training.stepsAfter(round - 1));
    const from = { ...training.roundState(this.#state, shared), step };
    this.#state = (await training.trainRound(round, from)).state;
    return this.#state.theta.map((value, i) => value - shared[i]);
  }

  async offer(version: number, theta: Float32Array): Promise<void> {
    this.#thetas.set(version, theta);
    this.choice.offer(version, await this.training.validate(theta));
  }

  async tuneAlone(rounds: number): Promise<void> {
    const { training } = this;
    if (training.plan.personalSteps === 0) return;
    // As the agent does: from the highest so far, also where that is not yet shown to be better than zero-shot.
    const { kind: decoder } = training.decoder;
    const start = this.#thetas.get(tuningStart({ rounds, decoder }, this.choice.leader.version));
    let state = training.personalState(start ?? training.initialTheta());
    for (let part = 1; part <= PERSONAL_PARTS; part++) {
      ({ state } = await training.trainPersonal(part, state));
      await this.offer(rounds + part, state.theta);
    }
  }

  get best(): Float32Array | undefined {
    return this.#thetas.get(this.choice.best.version);
  }
}

/**
 * A study in one process, without a network: every round each site trains from the shared decoder, their updates are packed,
 * added and opened as the product does it (without masks), then each fine-tunes what it found best, and chooses.
 */
export async function runRounds(trainings: readonly SiteTraining[], study: Rounds): Promise<Ended[]> {
  const participants: Participant[] = [];
  for (const training of trainings) participants.push(await Participant.join(training));
  let shared = trainings[0].initialTheta();
  for (let round = 1; round <= study.rounds; round++) {
    const updates: Update[] = [];
    for (const site of participants) updates.push({ images: site.images, delta: await site.train(round, shared) });
    shared = applyMean(shared, meanUpdate(updates, study));
    for (const site of participants) await site.offer(round, shared);
  }
  for (const site of participants) await site.tuneAlone(study.rounds);
  return participants.map(({ choice, best }) => ({ choice, theta: best }));
}

export interface Update {
  readonly images: number;
  readonly delta: Float32Array;
}

/** The mean of the updates by images, through the same integers as in a real sum. */
export function meanUpdate(updates: readonly Update[], { clip, maxImages }: Pick<Rounds, "clip" | "maxImages">) {
  const cohortSize = updates.length;
  const packed = updates.map(({ images, delta }) =>
    packUpdate({ delta, images, clip, maxImages, cohortSize, metrics: {} }),
  );
  const sum = packed[0].map((_, i) => packed.reduce((total, vector) => (total + vector[i]) >>> 0, 0));
  const survivors = updates.map((_, i) => `site-${i}`);
  return openSum({ sum, parameterCount: updates[0].delta.length, cohortSize, survivors, clip, maxImages }).meanUpdate;
}

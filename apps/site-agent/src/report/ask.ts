import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { evaluationClicks } from "@fedbaps/core/data/clicks.js";
import { loadSample, type Sample } from "@fedbaps/core/data/dataset.js";
import { threshold } from "@fedbaps/core/metrics/overlap.js";
import type { MeasureSettings } from "../options.js";
import { Predictor } from "../predict/predictor.js";
import type { AnswerFiles, Subject } from "./answer-files.js";
import type { CasePainter } from "./cases.js";

/** An answer that was not kept. */
export interface Missing {
  readonly sample: Sample;
  readonly subject: Subject;
}

/** Which answers are not there, of the cases that the page shows. */
export async function missingAnswers(
  samples: readonly Sample[],
  answers: AnswerFiles,
  adapted: boolean,
): Promise<Missing[]> {
  const missing: Missing[] = [];
  const subjects: readonly Subject[] = adapted ? ["zero-shot", "adapted"] : ["zero-shot"];
  for (const sample of samples)
    for (const subject of subjects) if (!(await answers.read(subject, sample.id))) missing.push({ sample, subject });
  return missing;
}

/**
 * Asks the black box for answers that were not kept, one query each, and keeps them: the next page asks for none.
 * @param identity of the black box that was measured. @returns queries asked
 * @throws UsageError for another black box
 */
export async function askMissing(
  missing: readonly Missing[],
  {
    painter,
    settings,
    identity,
    clock,
    onDone,
  }: {
    readonly painter: CasePainter;
    readonly settings: Pick<MeasureSettings, "blackbox" | "open">;
    readonly identity: string | undefined;
    readonly clock: Clock;
    onDone(done: number): void;
  },
): Promise<number> {
  const { signal } = settings.open;
  const model = await openBlackBox(settings.blackbox, settings.open);
  try {
    if (identity !== undefined && identity !== model.description.identity)
      throw new UsageError(`--blackbox ${settings.blackbox}: not the black box that was measured; give that one`);
    const meter = new QueryMeter(Number.POSITIVE_INFINITY, clock);
    const predictor = new Predictor(new MeteredModel(model, meter, "report"), painter.decoder);
    for (const [i, { sample, subject }] of missing.entries()) {
      const { image, mask } = await loadSample(sample);
      const points = evaluationClicks(mask, { seed: painter.seed, sampleId: sample.id, clicks: 1 });
      const adapted = subject === "adapted";
      const [map] = await predictor.segment([{ image, prompt: { points }, adapted }], signal);
      await painter.answers.save(subject, [{ id: sample.id, mask: threshold(map, 0.5) }]);
      onDone(i + 1);
    }
    return meter.spent;
  } finally {
    await model.close();
  }
}

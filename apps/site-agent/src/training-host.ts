import type { AnswerCache } from "@fedbaps/core/blackbox/answer-cache.js";
import type { OpenOptions } from "@fedbaps/core/blackbox/open.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Dataset, Material } from "@fedbaps/core/data/dataset.js";
import { SiteTraining } from "@fedbaps/core/training/site-training.js";
import type { OpenTraining } from "./training.js";

export interface TrainingHostInit {
  readonly site: string;
  readonly data: string;
  readonly blackbox: string;
  readonly open: OpenOptions;
  readonly answers?: AnswerCache | undefined;
  readonly material?: Material | undefined;
  readonly clock: Clock;
  /** Told what is opened, before it is used. */
  readonly onOpened?: ((dataset: Dataset) => void) | undefined;
  readonly afterReport?: AfterReport | undefined;
}

/** Called when a site's report is made. @param theta undefined while the site stays zero-shot */
export type AfterReport = (context: { training: SiteTraining; theta?: Float32Array; out: string }) => Promise<unknown>;

/** Opens this site's data and black box for a study. */
export function trainingHost({ afterReport, answers, material, onOpened, ...site }: TrainingHostInit): OpenTraining {
  return async ({ decoder, preset, budget, rounds, personalShare, clicks, seed }, meter) => {
    const settings = { decoder, preset, budget, rounds, personalShare, clicks, seed, meter, ...site };
    const optional = { ...(answers ? { answers } : {}), ...(material ? { material } : {}) };
    const training = await SiteTraining.open({ ...settings, ...optional });
    onOpened?.(training.dataset);
    return afterReport ? { training, afterReport: (context) => afterReport({ training, ...context }) } : { training };
  };
}

import type { AnswerCache } from "../blackbox/answer-cache.js";
import type { MeterState } from "../blackbox/metered.js";
import type { OpenOptions } from "../blackbox/open.js";
import type { Clock } from "../common/clock.js";
import type { Material } from "../data/dataset.js";
import type { DecoderKind } from "../decoder/parameters.js";
import type { TensorBackend } from "../decoder/tensor-backend.js";
import type { PresetName } from "./presets.js";

export interface SiteTrainingSettings {
  /** The site's folder. */
  readonly data: string;
  /** How the folder is read, and what share of its cases may be bad. */
  readonly material?: Material;
  /** The black box, as `openBlackBox` reads it. */
  readonly blackbox: string;
  readonly decoder: DecoderKind;
  readonly preset: PresetName;
  /** Queries at most, for everything. */
  readonly budget: number;
  /** Validations after the first: federated rounds, or checkpoints of a local run. */
  readonly rounds: number;
  /** Whether the site trains without a federation; default no. */
  readonly alone?: boolean;
  /** Share of the training queries kept for the site's own fine-tuning after the last round; 0 (default) for none. */
  readonly personalShare?: number;
  /** Clicks per test image. */
  readonly clicks: number;
  readonly seed: number;
  /** Names the site's own random streams. */
  readonly site: string;
  readonly clock: Clock;
  readonly backend?: TensorBackend | "auto";
  /** Threads, hosts that may be asked, and where a token is. */
  readonly open?: OpenOptions;
  /** Answers of measurements of the zero-shot model, to be looked up before asking. */
  readonly answers?: AnswerCache;
  /** What was spent before a restart. */
  readonly meter?: MeterState;
  /** Bytes of prepared images kept in memory. */
  readonly cacheBytes?: number;
}

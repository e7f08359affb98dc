import type { WindowRule } from "@fedbaps/core/data/sources.js";
import type { HomeOption } from "../options.js";
import type { Where } from "./plan.js";
import type { PromptFlags } from "./prompt-flags.js";

/** What `predict` is told on the command line. */
export interface PredictOptions extends HomeOption, PromptFlags {
  readonly out: string;
  readonly frame?: number;
  readonly slice?: number;
  readonly plane?: Where["plane"];
  readonly window?: WindowRule;
  readonly study?: string;
  readonly decoder?: string;
  readonly zeroShot?: boolean;
  readonly forceDecoder?: boolean;
  readonly segment: string;
  readonly blackbox?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

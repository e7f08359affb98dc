import type { MeterState } from "@fedbaps/core/blackbox/metered.js";
import type { SentByKind } from "../sent-counts.js";
import type { Results, TestScores } from "./results-file.js";

/** Who was in one of a study's sums, as this site's guard wrote it down before it revealed anything. */
export interface Participation {
  readonly round: number;
  /** From 1. */
  readonly attempt: number;
  readonly survivors: readonly string[];
  readonly dropped: readonly string[];
}

/** All that the page of results tells. What is not known yet, or was not kept, is absent. */
export interface ReportData {
  readonly kind: "study" | "local";
  /** Of the study; `local` for a local run. */
  readonly name: string;
  readonly title?: string | undefined;
  readonly site?: string | undefined;
  /** Whether the end has been measured; else the page shows what there is. */
  readonly finished: boolean;
  /** When the results were written. */
  readonly at?: string | undefined;
  readonly settings?: Results["settings"] | undefined;
  readonly blackbox: { readonly name?: string | undefined; readonly identity?: string | undefined };
  readonly images?: Results["images"] | undefined;
  /** In use, or what would be so far; 0 is zero-shot. */
  readonly version: number;
  readonly validation?: Results["validation"] | undefined;
  readonly curve: Results["curve"];
  readonly test?: TestScores | undefined;
  readonly meter: MeterState;
  readonly roundsTrained: number;
  readonly participation: readonly Participation[];
  readonly sent?: SentByKind | undefined;
  /** Of the program that measured. */
  readonly program?: string | undefined;
  readonly protocol?: number | undefined;
}

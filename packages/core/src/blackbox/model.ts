import { FedBapsError } from "../common/errors.js";
import type { Image, ProbabilityMap } from "../image/image.js";
import type { TensorDescription } from "./tensor.js";

/** A click: pixel position (x to the right, y down, 0 at the first pixel's centre) and what it says. */
export interface PromptPoint {
  readonly x: number;
  readonly y: number;
  /** 1 foreground, 0 background. */
  readonly label: 0 | 1;
}

export interface PromptBox {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What a clinician gives: clicks and, where wanted, one box, in pixels of the image they belong to. */
export interface Prompt {
  readonly points: readonly PromptPoint[];
  readonly box?: PromptBox;
}

/** How the model fits a picture of another shape into its own square: it squeezes it, or keeps its proportions and pads. */
export type Geometry = "stretch" | "longest-side";

/** What kind of graphs a black box is made of, as recognised from their inputs and outputs. */
export type ModelFamily = "promptable" | "sam" | "sam-hf" | "sam2" | "efficient-sam";

export interface ModelDescription {
  /** How the user named it: `bundled`, `onnx:FILE`. */
  readonly name: string;
  readonly family: ModelFamily;
  /** SHA-256, in hex, of what it is made of; the same identity gives the same answers. */
  readonly identity: string;
  /** The model's own input size in pixels; images of this size are not resampled on the way in. */
  readonly nativeSize: { readonly width: number; readonly height: number };
  readonly geometry: Geometry;
  readonly prompts: readonly ("point" | "box")[];
  /** Images in one call at most. */
  readonly maxBatch: number;
  /** Calls that may be under way at once; more wait for their turn. */
  readonly concurrency: number;
  /** A few small calls at once take less time than one large one: whoever cuts images into calls makes them equal. */
  readonly spread?: boolean;
  /** The origin that prompted images are sent to; absent where they stay in this process. */
  readonly remote?: string;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /** What a person should know of how it was opened, a line each: what was assumed, what was not to be had. */
  readonly notes: readonly string[];
}

/**
 * A black box: a promptable segmenter that answers and shows nothing else. One *query* is one image segmented once.
 */
export interface SegmentationModel {
  readonly description: ModelDescription;
  /**
   * Waits until so many queries may be asked in one call; the next call of that size is let in. Whoever measures calls
   * waits here first, so that the wait does not count as the black box's time. Absent: there is no gate.
   */
  admit?(queries: number, signal?: AbortSignal): Promise<void>;
  /**
   * Segments a batch; `prompts[i]` belongs to `images[i]`.
   * @returns one probability map per image, at that image's own size.
   * @throws BlackBoxError when the inputs do not fit or the model fails; nothing is returned for a part of a batch.
   */
  segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal): Promise<ProbabilityMap[]>;
  close(): Promise<void>;
}

export type BlackBoxErrorCode =
  | "BLACKBOX_UNKNOWN"
  | "BLACKBOX_FILE"
  | "BLACKBOX_CONTRACT"
  | "BLACKBOX_INPUT"
  | "BLACKBOX_FAILED"
  | "BLACKBOX_REFUSED"
  | "BLACKBOX_TIMEOUT"
  | "BLACKBOX_UNREACHABLE"
  | "BLACKBOX_CLOSED"
  | "BUDGET_EXHAUSTED";

export class BlackBoxError extends FedBapsError<BlackBoxErrorCode> {}

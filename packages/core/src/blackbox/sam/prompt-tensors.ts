import type { Image } from "../../image/image.js";
import { type Size, scalePoint } from "../../image/place.js";
import { BlackBoxError, type Prompt } from "../model.js";
import { LABEL, type PromptToken, promptTokens } from "../prompt-tokens.js";
import type { ElementType, Tensor, TensorDescription } from "../tensor.js";
import { tensorOf } from "../tensor-data.js";
import { maskInputSize, type SamDecoder } from "./decoder.js";
import type { Placement } from "./geometry.js";

export interface PromptTensors {
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Prompt positions with the padding that belongs to the prompt: the rule for choosing among masks counts them. */
  readonly tokens: number;
}

/**
 * What a decoder is given beside the embeddings: one picture's prompt, in the decoder's own coordinates, no earlier mask.
 * @throws BlackBoxError BLACKBOX_INPUT for a prompt that this decoder does not take.
 */
export function promptTensors(
  decoder: SamDecoder,
  prompt: Prompt,
  image: Image,
  { frame, fitted, geometry }: Placement,
): PromptTensors {
  const asCorners = decoder.corners ? prompt : { points: prompt.points };
  // Checks the box as well, wherever it goes.
  promptTokens(prompt, image);
  if (prompt.box && !decoder.corners && !decoder.boxesInput)
    throw new BlackBoxError("BLACKBOX_INPUT", `this black box (${decoder.family}) takes points only, no box`);
  // A graph that scales positions or masks by the image's size does so in its family's own way of fitting. Where the
  // settings say another, the frame is the image that it is told of.
  const told: Size = geometry === decoder.geometry ? image : frame;
  const moved = (token: PromptToken): PromptToken => {
    const { x, y, label } = scalePoint(token, image, geometry === "stretch" ? frame : fitted);
    if (decoder.coordinates === "frame") return { x, y, label };
    // The graph multiplies back, without regard to half pixels.
    return { x: (x * told.width) / frame.width, y: (y * told.height) / frame.height, label };
  };
  const given = asCorners.points.length > 0 || asCorners.box ? promptTokens(asCorners, image).map(moved) : [];
  const meant = withNothing(decoder, given, prompt.box !== undefined);
  const tokens = filled(decoder, meant);
  const feeds: Record<string, Tensor> = {
    [decoder.pointsInput.name]: rows(
      decoder.pointsInput,
      tokens.flatMap(({ x, y }) => [x, y]),
      [tokens.length, 2],
    ),
    [decoder.labelsInput.name]: rows(
      decoder.labelsInput,
      tokens.map(({ label }) => label),
      [tokens.length],
    ),
  };
  const add = (input: TensorDescription | undefined, shape: readonly number[], values: readonly number[]) => {
    if (input) feeds[input.name] = tensorOf(input.type as ElementType, shape, Float32Array.from(values));
  };
  if (decoder.maskInput) {
    const { width, height } = maskInputSize(decoder);
    const none = new Float32Array(width * height);
    feeds[decoder.maskInput.name] = tensorOf(decoder.maskInput.type as ElementType, [1, 1, height, width], none);
  }
  add(decoder.hasMaskInput, [1], [0]);
  add(decoder.imageSizeInput, [2], [told.height, told.width]);
  if (decoder.boxesInput) {
    const { left = 0, top = 0, right = 0, bottom = 0 } = prompt.box ?? {};
    const corners = [moved({ x: left, y: top, label: 0 }), moved({ x: right, y: bottom, label: 0 })];
    // Every input must be there: without a box, an empty one.
    add(decoder.boxesInput, [1, prompt.box ? 1 : 0, 4], prompt.box ? corners.flatMap(({ x, y }) => [x, y]) : []);
  }
  return { feeds, tokens: meant.length + (decoder.addsPadding ? 0 : 1) };
}

const NOTHING: PromptToken = { x: 0, y: 0, label: LABEL.padding };

/** With the "not a point" token that the caller owes. @throws BlackBoxError BLACKBOX_INPUT for more than fit. */
function withNothing(decoder: SamDecoder, tokens: readonly PromptToken[], boxed: boolean): PromptToken[] {
  const all = [...tokens];
  // Segment Anything's own predictor: one such token, unless there is a box.
  if (decoder.addsPadding && !boxed) all.push(NOTHING);
  const most = decoder.exactTokens ?? decoder.mostTokens ?? Number.POSITIVE_INFINITY;
  if (all.length > most && decoder.addsPadding && !boxed) all.pop();
  if (all.length > most)
    throw new BlackBoxError(
      "BLACKBOX_INPUT",
      `this black box (${decoder.family}) takes ${most} prompt positions at most (a box counts as two), not ${all.length}`,
    );
  return all;
}

/** Filled up to the number that a graph fixes; what fills is no part of the prompt. */
function filled({ exactTokens = 0 }: SamDecoder, tokens: readonly PromptToken[]): PromptToken[] {
  const missing = Math.max(0, exactTokens - tokens.length);
  return [...tokens, ...new Array<PromptToken>(missing).fill(NOTHING)];
}

/** A tensor of an input's type and rank: leading sizes of 1, then `shape`. */
function rows(input: TensorDescription, values: readonly number[], shape: readonly number[]): Tensor {
  const leading = new Array<number>(input.shape.length - shape.length).fill(1);
  return tensorOf(input.type as ElementType, [...leading, ...shape], Float32Array.from(values));
}

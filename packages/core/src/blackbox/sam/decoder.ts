import type { Size } from "../../image/place.js";
import type { Geometry, ModelFamily } from "../model.js";
import type { TensorDescription, TensorGraph } from "../tensor.js";
import { isElementType, isFloatType } from "../tensor-data.js";

/** In which pixels a decoder wants a prompt's positions. */
export type Coordinates = "frame" | "image";

/** Names of tensors by what they mean; families and exporters call the same thing differently. */
const NAMES = {
  maskInput: ["mask_input", "input_masks"],
  hasMaskInput: ["has_mask_input", "has_input_masks"],
  imageSize: ["orig_im_size", "original_image_size"],
} as const;

interface FamilyRule {
  readonly family: ModelFamily;
  /** Inputs by which it is known: one name of each list must be there. */
  readonly known: readonly (readonly string[])[];
  readonly points: string;
  readonly labels: string;
  readonly rank: { readonly points: number; readonly labels: number };
  readonly boxes?: string;
  /** Outputs with masks: at the image's size or of the whole frame (told apart by their sizes), the best first. */
  readonly masks: readonly string[];
  readonly scores: readonly string[];
  readonly geometry: Geometry;
  readonly coordinates: Coordinates;
  /** Whether whoever calls adds the "not a point" token to a prompt without a box (else the graph does). */
  readonly addsPadding: boolean;
  /** Whether box corners may be given as points with the labels 2 and 3. */
  readonly corners: boolean;
  /** Prompt positions that the graph takes at most. */
  readonly mostTokens?: number;
  readonly expected: string;
}

// The names and habits below are those of the exporters named in docs/black-boxes.md.
const RULES: readonly FamilyRule[] = [
  {
    family: "efficient-sam",
    known: [["image_embeddings"], ["batched_point_coords"], ["batched_point_labels"], ["orig_im_size"]],
    points: "batched_point_coords",
    labels: "batched_point_labels",
    rank: { points: 4, labels: 3 },
    masks: ["output_masks"],
    scores: ["iou_predictions"],
    geometry: "stretch",
    coordinates: "image",
    addsPadding: false,
    corners: true,
    mostTokens: 6,
    expected:
      "image_embeddings, batched_point_coords [1,1,N,2], batched_point_labels [1,1,N], orig_im_size [2] -> output_masks, iou_predictions",
  },
  {
    family: "sam-hf",
    known: [["image_embeddings"], ["image_positional_embeddings"], ["input_points"], ["input_labels"]],
    points: "input_points",
    labels: "input_labels",
    rank: { points: 4, labels: 3 },
    masks: ["pred_masks"],
    scores: ["iou_scores"],
    geometry: "longest-side",
    coordinates: "frame",
    addsPadding: false,
    corners: false,
    expected:
      "image_embeddings, image_positional_embeddings, input_points [B,P,N,2], input_labels [B,P,N] -> pred_masks, iou_scores",
  },
  {
    family: "sam2",
    known: [["image_embeddings.0"], ["image_embeddings.1"], ["input_points"], ["input_labels"], ["input_boxes"]],
    points: "input_points",
    labels: "input_labels",
    rank: { points: 4, labels: 3 },
    boxes: "input_boxes",
    masks: ["pred_masks"],
    scores: ["iou_scores"],
    geometry: "stretch",
    coordinates: "frame",
    addsPadding: false,
    corners: false,
    expected:
      "image_embeddings.0 to .2, input_points [B,P,N,2], input_labels [B,P,N], input_boxes [B,M,4] -> pred_masks, iou_scores",
  },
  {
    family: "sam2",
    known: [
      ["image_embed", "image_embeddings"],
      ["high_res_feats_0", "image_features_0", "high_res_features1"],
      ["high_res_feats_1", "image_features_1", "high_res_features2"],
      ["point_coords"],
      ["point_labels"],
    ],
    points: "point_coords",
    labels: "point_labels",
    rank: { points: 3, labels: 2 },
    masks: ["low_res_masks", "masks"],
    scores: ["iou_predictions", "scores"],
    geometry: "stretch",
    coordinates: "frame",
    addsPadding: false,
    corners: true,
    expected:
      "image_embed, high_res_feats_0, high_res_feats_1, point_coords [B,N,2], point_labels [B,N], mask_input, has_mask_input -> masks, iou_predictions",
  },
  {
    family: "sam",
    known: [["image_embeddings"], ["point_coords"], ["point_labels"]],
    points: "point_coords",
    labels: "point_labels",
    rank: { points: 3, labels: 2 },
    masks: ["low_res_masks", "masks"],
    scores: ["iou_predictions", "scores"],
    geometry: "longest-side",
    coordinates: "frame",
    addsPadding: true,
    corners: true,
    expected:
      "image_embeddings, point_coords [1,N,2], point_labels [1,N], mask_input, has_mask_input, orig_im_size -> masks, iou_predictions, low_res_masks",
  },
];

/** A decoder graph, understood: which tensor means what. */
export interface SamDecoder extends Omit<FamilyRule, "known" | "masks" | "scores" | "boxes" | "rank" | "expected"> {
  readonly pointsInput: TensorDescription;
  readonly labelsInput: TensorDescription;
  readonly boxesInput: TensorDescription | undefined;
  readonly maskInput: TensorDescription | undefined;
  readonly hasMaskInput: TensorDescription | undefined;
  readonly imageSizeInput: TensorDescription | undefined;
  /** What it takes from the encoder. */
  readonly embeddings: readonly TensorDescription[];
  /** Outputs with masks; more than one means: of the whole frame first, then at the image's size. */
  readonly maskOutputs: readonly string[];
  readonly scoresOutput: string | undefined;
  /** So many prompt positions, no more and no fewer, where the graph fixes their number. */
  readonly exactTokens: number | undefined;
}

/** What stands against a graph, for the message that refuses it. */
export class NotThisKind extends Error {}

/** What the families' decoders look like, for the message that refuses another graph. */
export const EXPECTED_DECODERS: readonly string[] = RULES.map(({ family, expected }) => `${family}: ${expected}`);

/** Whether the graph is a decoder of a family at all, by its inputs' names. */
function ruleFor({ inputs }: Pick<TensorGraph, "inputs">): FamilyRule | undefined {
  const has = (name: string) => inputs.some((input) => input.name === name);
  return RULES.find(({ known }) => known.every((names) => names.some(has)));
}

/** What the family that comes nearest would need, where one comes near. */
function nearest(inputs: readonly TensorDescription[]): string {
  const lacking = RULES.map(({ family, known }) => ({
    family,
    names: known.filter((names) => !names.some((name) => inputs.some((input) => input.name === name))),
    share: known.length,
  })).sort((a, b) => a.names.length / a.share - b.names.length / b.share);
  const [{ family, names, share }] = lacking;
  if (names.length > share / 2) return "the decoder's inputs are those of no known decoder";
  return `the decoder lacks ${names.map((each) => each.join(" or ")).join(", ")}, which one of the family ${family} has`;
}

export function looksLikeDecoder(graph: Pick<TensorGraph, "inputs">): boolean {
  return ruleFor(graph) !== undefined;
}

/** @throws NotThisKind with the reason. */
export function recogniseDecoder({ inputs, outputs }: Pick<TensorGraph, "inputs" | "outputs">): SamDecoder {
  const rule = ruleFor({ inputs });
  if (!rule) throw new NotThisKind(nearest(inputs));
  const find = (names: readonly string[]) => inputs.find(({ name }) => names.includes(name));
  const pointsInput = find([rule.points]) as TensorDescription;
  const labelsInput = find([rule.labels]) as TensorDescription;
  const maskInput = find(NAMES.maskInput);
  const hasMaskInput = find(NAMES.hasMaskInput);
  const imageSizeInput = find(NAMES.imageSize);
  const boxesInput = rule.boxes === undefined ? undefined : find([rule.boxes]);
  const prompts = [pointsInput, labelsInput, maskInput, hasMaskInput, imageSizeInput, boxesInput];
  const embeddings = inputs.filter((input) => !prompts.includes(input));
  expectFloat(pointsInput, rule.rank.points);
  expectNumeric(labelsInput, rule.rank.labels);
  if (maskInput) expectFloat(maskInput, 4);
  if (hasMaskInput) expectNumeric(hasMaskInput, 1);
  if (imageSizeInput) expectNumeric(imageSizeInput, 1);
  if (boxesInput) expectFloat(boxesInput, 3);
  for (const embedding of embeddings) {
    if (!/embed|feat/.test(embedding.name)) throw new NotThisKind(`it also wants ${embedding.name}`);
    expectFloat(embedding, embedding.name.startsWith("interm") ? undefined : 4);
  }
  const last = pointsInput.shape.at(-1);
  if (last !== undefined && last !== 2) throw new NotThisKind(`${rule.points} has ${last} coordinates a point`);
  const maskRank = rule.rank.points + 1;
  const named = rule.masks.flatMap((name) => outputs.filter((output) => output.name === name));
  // A name on the wrong tensor does occur: an export with extra metrics calls its stability scores low_res_masks. And an
  // exporter may not know its outputs' shapes.
  const ranked = named.filter(({ shape }) => shape.length === maskRank || shape.length === 0);
  if (ranked.length === 0) {
    const [wrong] = named;
    throw new NotThisKind(
      wrong ? `${wrong.name} has rank ${wrong.shape.length}` : `${rule.masks.join(" or ")} is missing`,
    );
  }
  // Masks at the image's size may be true and false only, beside logits of low resolution.
  const maskOutputs = ranked.filter(({ type }) => isFloatType(type));
  if (maskOutputs.length === 0) expectFloat(ranked[0], undefined);
  const { known: _known, masks: _masks, scores, boxes: _boxes, rank: _rank, expected: _expected, ...kept } = rule;
  return {
    ...kept,
    pointsInput,
    labelsInput,
    boxesInput,
    maskInput,
    hasMaskInput,
    imageSizeInput,
    embeddings,
    maskOutputs: maskOutputs.map(({ name }) => name),
    scoresOutput: outputs.find(({ name }) => scores.includes(name))?.name,
    exactTokens: pointsInput.shape.at(-2),
  };
}

function expectFloat({ name, type, shape }: TensorDescription, rank: number | undefined): void {
  if (!isFloatType(type)) throw new NotThisKind(`${name} is ${type}, not float32 or float16`);
  if (rank !== undefined && shape.length !== rank)
    throw new NotThisKind(`${name} has rank ${shape.length}, not ${rank}`);
}

function expectNumeric({ name, type, shape }: TensorDescription, rank: number): void {
  if (!isElementType(type)) throw new NotThisKind(`${name} is ${type}, which is no type of numbers that can be given`);
  if (shape.length !== rank) throw new NotThisKind(`${name} has rank ${shape.length}, not ${rank}`);
}

/** The side of the low-resolution mask that a decoder may be given: of the graph, else four times its embedding's. */
export function maskInputSize({ maskInput, embeddings }: SamDecoder): Size {
  const [, , height, width] = maskInput?.shape ?? [];
  const [, , rows, columns] = embeddings[0]?.shape ?? [];
  return { width: width ?? 4 * (columns ?? 64), height: height ?? 4 * (rows ?? 64) };
}

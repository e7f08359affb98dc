// Pairs of graphs as the exporters of the Segment Anything family write them, and pairs that are none.
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BlackBoxErrorCode, Geometry, ModelFamily } from "@fedbaps/core/blackbox/model.js";
import type { PixelRange } from "@fedbaps/core/blackbox/sam/pixels.js";
import { BOOL, channelModel, FLOAT, FLOAT16, GraphBuilder, INT32, INT64, type Tensor, UINT8 } from "./onnx-graph.js";
import {
  edgeSamDecoder,
  efficientSamDecoder,
  HUGGING_FACE_FEATURES,
  huggingFaceDecoder,
  huggingFaceSam2Decoder,
  MICROSOFT_FEATURES,
  SAM2_FEATURES,
  sam2Decoder,
  samDecoder,
} from "./sam-decoders.js";
import { samEncoder } from "./sam-encoders.js";

export interface SamVariant {
  readonly name: string;
  readonly family: ModelFamily;
  readonly geometry: Geometry;
  readonly prompts: readonly ("point" | "box")[];
  /** What the encoder is given. */
  readonly pixels: PixelRange;
  /** One of each kind is enough for tests that take long. */
  readonly typical: boolean;
  /** Writes the two files into a folder of their own. @returns `sam-onnx:ENCODER,DECODER#settings` */
  write(folder: string): Promise<string>;
}

/** Two files whose names say nothing. @returns the spec that names them. */
export async function writePair(
  folder: string,
  encoder: Uint8Array,
  decoder: Uint8Array,
  settings = "",
): Promise<string> {
  const own = await mkdtemp(join(folder, "pair-"));
  const [first, second] = [join(own, "first.onnx"), join(own, "second.onnx")];
  await writeFile(first, encoder);
  await writeFile(second, decoder);
  return `sam-onnx:${first},${second}${settings === "" ? "" : `#${settings}`}`;
}

type Known = Pick<SamVariant, "family" | "geometry" | "prompts" | "pixels">;
const SAM: Known = { family: "sam", geometry: "longest-side", prompts: ["point", "box"], pixels: "normalised" };
const SAM2: Known = { ...SAM, family: "sam2", geometry: "stretch" };

function variant(
  name: string,
  known: Known,
  encoder: () => Uint8Array,
  decoder: () => Uint8Array,
  settings?: string,
): SamVariant {
  const typical = TYPICAL.includes(name);
  return { name, ...known, typical, write: (folder) => writePair(folder, encoder(), decoder(), settings) };
}

const TYPICAL: readonly string[] = [
  "SAM, four masks",
  "MedSAM",
  "EfficientSAM",
  "SAM, Hugging Face",
  "SAM 2, samexporter",
  "SAM 2, Hugging Face",
];

const plainEncoder = () => samEncoder({ input: "images" });
const preparing = () =>
  samEncoder({ input: "input_image", layout: "HWC", free: true, arithmetic: "0..255", pads: true });
const small = { input: "images", side: 256 };
const fourMasks = () => samDecoder({ masks: 4 });
const sam2Encoder = () => samEncoder({ input: "image", output: SAM2_FEATURES });

/** One of each kind of export, by whom it is known. */
export const SAM_VARIANTS: readonly SamVariant[] = [
  variant("SAM, normalised pictures", SAM, plainEncoder, () => samDecoder()),
  variant("SAM, four masks", SAM, () => samEncoder({ input: "x", batch: "batch" }), fourMasks),
  variant("SAM, encoder that prepares", { ...SAM, pixels: "0..255" }, preparing, () => samDecoder()),
  variant(
    "SAM, encoder that resizes",
    { ...SAM, pixels: "0..255" },
    () => samEncoder({ input: "input_image", batch: "batch", free: true, arithmetic: "scaled", resizes: true }),
    () => samDecoder(),
  ),
  variant(
    "SAM, bytes",
    { ...SAM, pixels: "0..255" },
    () =>
      samEncoder({ input: "input_image", layout: "HWC", free: true, type: UINT8, arithmetic: "0..255", pads: true }),
    () => samDecoder(),
  ),
  variant(
    "SAM, channels last",
    { ...SAM, pixels: "0..255" },
    () => samEncoder({ input: "images", layout: "NHWC", arithmetic: "0..255" }),
    () => samDecoder(),
  ),
  variant(
    "SAM, half precision",
    SAM,
    () => samEncoder({ ...small, type: FLOAT16 }),
    () => samDecoder({ side: 256, type: FLOAT16 }),
  ),
  variant(
    "SAM, encoder of half precision",
    SAM,
    () => samEncoder({ ...small, type: FLOAT16 }),
    () => samDecoder({ side: 256, masks: 4 }),
  ),
  variant(
    "SAM, decoder of half precision",
    SAM,
    () => samEncoder(small),
    () => samDecoder({ side: 256, type: FLOAT16 }),
  ),
  variant(
    "SAM, quantised",
    SAM,
    () => samEncoder({ input: "images", quantised: true }),
    () => samDecoder({ quantised: true }),
  ),
  variant("SAM, masks of a frozen shape", SAM, plainEncoder, () => samDecoder({ frozenAspect: true })),
  variant("SAM, constant low-resolution masks", SAM, plainEncoder, () => samDecoder({ lowRes: "constant" })),
  variant("SAM, scores called low_res_masks", SAM, plainEncoder, () => samDecoder({ masks: 4, lowRes: "scores" })),
  variant(
    "HQ-SAM",
    SAM,
    () => samEncoder({ input: "input_image", output: "high-quality" }),
    () => samDecoder({ highQuality: true }),
  ),
  variant("EdgeSAM", SAM, () => samEncoder({ input: "image" }), edgeSamDecoder),
  variant("MobileSAM", { ...SAM, pixels: "0..255" }, preparing, fourMasks),
  variant(
    "MedSAM",
    { ...SAM, geometry: "stretch", pixels: "minmax" },
    () => samEncoder({ input: "images", trainedOn: "minmax" }),
    () => samDecoder(),
    "preset=medsam",
  ),
  variant(
    "LiteMedSAM",
    { ...SAM, pixels: "minmax" },
    () => samEncoder({ input: "input_image", side: 256, trainedOn: "minmax" }),
    () => samDecoder({ side: 256 }),
    "pixels=minmax",
  ),
  variant(
    "LiteMedSAM, bytes",
    { ...SAM, pixels: "0..255" },
    () => {
      const input = { input: "input_image", layout: "HWC", type: UINT8, free: true } as const;
      return samEncoder({ ...input, side: 256, arithmetic: "minmax", pads: true });
    },
    () => samDecoder({ side: 256 }),
    "size=256",
  ),
  variant(
    "EfficientSAM",
    { family: "efficient-sam", geometry: "stretch", prompts: ["point", "box"], pixels: "0..1" },
    () => samEncoder({ input: "batched_images", batch: "batch", free: true, arithmetic: "0..1", resizes: true }),
    () => efficientSamDecoder(),
  ),
  variant(
    "SAM, Hugging Face",
    { ...SAM, family: "sam-hf", prompts: ["point"] },
    () => samEncoder({ input: "pixel_values", batch: "batch_size", output: "hugging-face" }),
    huggingFaceDecoder,
  ),
  variant("SAM 2, samexporter", SAM2, sam2Encoder, () => sam2Decoder()),
  variant("SAM 2, image size int32", SAM2, sam2Encoder, () =>
    sam2Decoder({ imageSize: { name: "orig_im_size", type: INT32 } }),
  ),
  variant("SAM 2, image size float32", SAM2, sam2Encoder, () =>
    sam2Decoder({ imageSize: { name: "orig_im_size", type: FLOAT } }),
  ),
  variant(
    "SAM 2, image size int64",
    SAM2,
    () => samEncoder({ input: "input", output: ["high_res_features1", "high_res_features2", "image_embeddings"] }),
    () =>
      sam2Decoder({
        embeddings: ["high_res_features1", "high_res_features2", "image_embeddings"],
        imageSize: { name: "orig_im_size", type: INT64 },
        count: 4,
        lowRes: "logits",
      }),
  ),
  variant(
    "SAM 2, Microsoft",
    SAM2,
    () => samEncoder({ input: "image", batch: "batch", output: MICROSOFT_FEATURES }),
    () =>
      sam2Decoder({
        embeddings: MICROSOFT_FEATURES,
        imageSize: { name: "original_image_size", type: INT32 },
        labels: INT32,
        earlier: ["input_masks", "has_input_masks"],
        lowRes: "bits",
      }),
  ),
  variant(
    "SAM 2, Hugging Face",
    SAM2,
    () => samEncoder({ input: "pixel_values", batch: "batch_size", output: HUGGING_FACE_FEATURES }),
    huggingFaceSam2Decoder,
  ),
];

/** The variant of that name. */
export function samVariant(name: string): SamVariant {
  const found = SAM_VARIANTS.find((candidate) => candidate.name === name);
  if (!found) throw new RangeError(`no variant is called ${name}`);
  return found;
}

/** A graph that loads, with these inputs and outputs; what it computes does not matter. */
export function hollowGraph(inputs: readonly Tensor[], outputs: readonly Tensor[]): Buffer {
  const g = new GraphBuilder();
  for (const { name, shape, type } of inputs) g.input(name, shape, type);
  for (const { name, shape, type = FLOAT } of outputs) {
    const sizes = g.ints(...shape.map((size) => (typeof size === "number" ? size : 1)));
    g.output(name, shape, g.op("Cast", [g.op("ConstantOfShape", [sizes])], { to: type }), type);
  }
  return g.file();
}

export interface WrongPair {
  readonly name: string;
  readonly code: BlackBoxErrorCode;
  /** What the refusal must say: what was found, and what was expected. */
  readonly mentions: readonly string[];
  write(folder: string): Promise<string>;
}

const ENCODER = {
  inputs: [{ name: "images", shape: [1, 3, 64, 64] }],
  outputs: [{ name: "image_embeddings", shape: [1, 8, 4, 4] }],
};
const DECODER: { inputs: readonly Tensor[]; outputs: readonly Tensor[] } = {
  inputs: [
    { name: "image_embeddings", shape: [1, 8, 4, 4] },
    { name: "point_coords", shape: [1, "num_points", 2] },
    { name: "point_labels", shape: [1, "num_points"] },
    { name: "mask_input", shape: [1, 1, 16, 16] },
    { name: "has_mask_input", shape: [1] },
    { name: "orig_im_size", shape: [2] },
  ],
  outputs: [
    { name: "masks", shape: [1, 1, "height", "width"] },
    { name: "iou_predictions", shape: [1, 1] },
    { name: "low_res_masks", shape: [1, 1, 16, 16] },
  ],
};

const encoderWith = (change: Partial<Tensor>, ...more: Tensor[]) =>
  hollowGraph([{ ...ENCODER.inputs[0], ...change }, ...more], ENCODER.outputs);
const plain = () => encoderWith({});
/** The decoder with one tensor changed, or without it. */
function decoderWith(name: string, change: Partial<Tensor> | undefined): Buffer {
  const changed = (tensors: readonly Tensor[]) =>
    tensors.flatMap((tensor) => (tensor.name !== name ? [tensor] : change ? [{ ...tensor, ...change }] : []));
  return hollowGraph(changed(DECODER.inputs), changed(DECODER.outputs));
}
const decoderPlus = (input: Tensor) => hollowGraph([...DECODER.inputs, input], DECODER.outputs);

function wrong(name: string, encoder: () => Uint8Array, decoder: () => Uint8Array, ...mentions: string[]): WrongPair {
  return {
    name,
    code: "BLACKBOX_CONTRACT",
    mentions,
    write: (folder) => writePair(folder, encoder(), decoder()),
  };
}

/** Pairs that are refused. */
export const WRONG_PAIRS: readonly WrongPair[] = [
  wrong(
    "a decoder without labels",
    plain,
    () => decoderWith("point_labels", undefined),
    "the decoder lacks",
    "point_coords float32 [1,?,2]",
    "point_labels [1,N]",
  ),
  wrong(
    "a decoder whose labels have another name",
    plain,
    () => decoderWith("point_labels", { name: "labels" }),
    "the decoder lacks",
    "labels float32 [1,?]",
    "point_labels [1,N]",
  ),
  wrong(
    "a decoder with positions of another rank",
    plain,
    () => decoderWith("point_coords", { shape: [1, 1, "num_points", 2] }),
    "point_coords has rank 4, not 3",
    "point_coords float32 [1,1,?,2]",
  ),
  wrong(
    "a decoder with positions of three coordinates",
    plain,
    () => decoderWith("point_coords", { shape: [1, "num_points", 3] }),
    "point_coords has 3 coordinates a point",
    "point_coords [1,N,2]",
  ),
  wrong(
    "a decoder with positions in whole numbers",
    plain,
    () => decoderWith("point_coords", { type: INT64 }),
    "point_coords is int64, not float32 or float16",
  ),
  wrong(
    "a decoder with labels that are true or false",
    plain,
    () => decoderWith("point_labels", { type: BOOL }),
    "point_labels is bool",
  ),
  wrong(
    "a decoder with a size of another rank",
    plain,
    () => decoderWith("orig_im_size", { shape: [1, 2] }),
    "orig_im_size has rank 2, not 1",
  ),
  wrong(
    "a decoder that wants something unknown",
    plain,
    () => decoderPlus({ name: "timestep", shape: [1] }),
    "it also wants timestep",
    "timestep float32 [1]",
  ),
  wrong(
    "a decoder that wants features which the encoder lacks",
    plain,
    () => decoderPlus({ name: "text_features", shape: [1, 8, 4, 4] }),
    "the decoder wants text_features, which the encoder does not give",
  ),
  wrong(
    "a decoder without masks",
    plain,
    () => hollowGraph(DECODER.inputs, [DECODER.outputs[1]]),
    "low_res_masks or masks is missing",
    "iou_predictions float32 [1,1]",
    "-> masks, iou_predictions",
  ),
  wrong(
    "a decoder with masks of another rank",
    plain,
    () => hollowGraph(DECODER.inputs, [{ name: "masks", shape: [1, 16, 16] }]),
    "masks has rank 3",
  ),
  wrong(
    "a decoder with nothing but true and false",
    plain,
    () => hollowGraph(DECODER.inputs, [{ name: "masks", shape: [1, 1, 16, 16], type: BOOL }]),
    "masks is bool, not float32 or float16",
  ),
  wrong(
    "an encoder whose input has another name",
    () => encoderWith({ name: "voxels" }),
    () => decoderWith("", undefined),
    "voxels float32 [1,3,64,64]",
    "images, input_image",
  ),
  wrong(
    "an encoder that wants something else too",
    () => encoderWith({}, { name: "depth", shape: [1, 1, 64, 64] }),
    () => decoderWith("", undefined),
    "an encoder has one input",
    "depth float32 [1,1,64,64]",
  ),
  wrong(
    "an encoder for grey pictures",
    () => encoderWith({ shape: [1, 1, 64, 64] }),
    () => decoderWith("", undefined),
    "images is [1,1,64,64]; an image is [B,3,H,W]",
  ),
  wrong(
    "an encoder of flat pictures",
    () => encoderWith({ shape: [1, 12288] }),
    () => decoderWith("", undefined),
    "images is [1,12288]",
  ),
  wrong(
    "an encoder of another type",
    () => encoderWith({ type: INT32 }),
    () => decoderWith("", undefined),
    "images is int32, not float32, float16 or uint8",
  ),
  wrong(
    "an encoder of four pictures at once",
    () => encoderWith({ shape: [4, 3, 64, 64] }),
    () => decoderWith("", undefined),
    "images wants 4 images at once",
  ),
  wrong(
    "embeddings of another size",
    () => hollowGraph(ENCODER.inputs, [{ name: "image_embeddings", shape: [1, 8, 2, 2] }]),
    () => decoderWith("", undefined),
    "image_embeddings float32 [1,8,2,2] does not fit the decoder's image_embeddings float32 [1,8,4,4]",
  ),
  wrong(
    "encoder and decoder swapped",
    () => decoderWith("", undefined),
    plain,
    "swapped",
    "images float32 [1,3,64,64]",
  ),
  wrong(
    "a decoder of SAM 2 with an encoder of SAM",
    () => samEncoder({ input: "images" }),
    () => sam2Decoder(),
    "the decoder wants high_res_feats_0, which the encoder does not give",
    "high_res_feats_0 float32 [1,32,256,256]",
  ),
  wrong(
    "a model of one file, given twice",
    () => channelModel(0),
    () => channelModel(0),
    "the decoder lacks",
    "image float32 [?,3,4,6]",
    "image_embeddings",
  ),
  {
    ...wrong("a text file as decoder", plain, () => Buffer.from("this is a text file, not a model"), "second.onnx"),
    code: "BLACKBOX_FILE",
  },
];

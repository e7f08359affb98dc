import type { Image, ProbabilityMap } from "../image/image.js";
import { scalePoint } from "../image/place.js";
import { resizeImage, resizeMap } from "../image/resize.js";
import { inBatches } from "./batches.js";
import { BlackBoxError, type ModelDescription, type Prompt, type SegmentationModel } from "./model.js";
import { probabilitiesOf } from "./probabilities.js";
import { checkColour, LABEL, type PromptToken, promptTokens } from "./prompt-tokens.js";
import { showTensors, type TensorDescription, type TensorGraph } from "./tensor.js";
import { floatsOf, tensorOf } from "./tensor-data.js";

/** Images in one call where nobody has found out what is faster. */
export const STANDARD_BATCH = 8;

/**
 * A promptable segmenter in one graph: the inputs `image` float32 [B,3,H,W] in 0..255, `point_coords` float32 [B,N,2]
 * and `point_labels` float32 [B,N] (1 foreground, 0 background, 2 and 3 box corners, -1 padding), and the output `masks`,
 * float32 logits [B,1,H,W].
 */
export class PromptableModel implements SegmentationModel {
  readonly description: ModelDescription;
  readonly #graph: TensorGraph;
  /** A graph whose leading size is fixed gets so many, the last repeated. */
  readonly #exactBatch: number | undefined;

  /**
   * @param largest images in one call at most, where neither the graph nor who runs it sets a limit. Default 8.
   * @throws BlackBoxError BLACKBOX_CONTRACT when the graph is of another kind; it is left open.
   */
  constructor(graph: TensorGraph, largest = STANDARD_BATCH) {
    const { nativeSize, batch } = checkContract(graph);
    this.#graph = graph;
    this.#exactBatch = batch;
    this.description = {
      name: graph.name,
      family: "promptable",
      identity: graph.identity,
      nativeSize,
      geometry: "stretch",
      prompts: ["point", "box"],
      maxBatch: batch ?? graph.maxBatch ?? largest,
      concurrency: graph.concurrency,
      // Of a fixed batch the rest is filled up, which takes as long as images would.
      ...(graph.ownCores && batch === undefined ? { spread: true } : {}),
      ...(graph.remote === undefined ? {} : { remote: graph.remote }),
      inputs: graph.inputs,
      outputs: graph.outputs,
      notes: graph.notes,
    };
  }

  segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal): Promise<ProbabilityMap[]> {
    const { maxBatch: size, concurrency } = this.description;
    return inBatches(images, prompts, { size, concurrency, signal }, (batch, given) =>
      this.#segmentBatch(batch, given, signal),
    );
  }

  close(): Promise<void> {
    return this.#graph.close();
  }

  async #segmentBatch(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal) {
    const { width, height } = this.description.nativeSize;
    const plane = width * height;
    const batch = this.#exactBatch ?? images.length;
    const tokens = prompts.map((prompt, b) => nativeTokens(prompt, images[b], { width, height }));
    const pixels = new Float32Array(batch * 3 * plane);
    for (const [b, image] of images.entries()) {
      checkColour(image);
      const fitted = image.width === width && image.height === height ? image : resizeImage(image, width, height);
      planes(fitted.data, pixels, b * 3 * plane, plane);
    }
    for (let b = images.length; b < batch; b++) {
      pixels.copyWithin(b * 3 * plane, (images.length - 1) * 3 * plane, images.length * 3 * plane);
      tokens.push(tokens[images.length - 1]);
    }
    const count = Math.max(...tokens.map(({ length }) => length));
    const coordinates = new Float32Array(batch * count * 2);
    const labels = new Float32Array(batch * count).fill(LABEL.padding);
    for (const [b, row] of tokens.entries())
      for (const [n, { x, y, label }] of row.entries()) {
        coordinates.set([x, y], (b * count + n) * 2);
        labels[b * count + n] = label;
      }
    const feeds = {
      image: tensorOf("float32", [batch, 3, height, width], pixels),
      point_coords: tensorOf("float32", [batch, count, 2], coordinates),
      point_labels: tensorOf("float32", [batch, count], labels),
    };
    const { masks } = await this.#graph.run(feeds, ["masks"], signal);
    const logits = floatsOf("masks", masks);
    if (logits.length !== batch * plane)
      throw new BlackBoxError(
        "BLACKBOX_CONTRACT",
        `masks of ${this.description.name} has ${logits.length} values where ${batch * plane} were expected`,
      );
    return images.map((image, b) => {
      const map = { data: probabilitiesOf(logits, b * plane, plane), width, height };
      return image.width === width && image.height === height ? map : resizeMap(map, image.width, image.height);
    });
  }
}

/** Interleaved RGB into three planes from `offset` on. */
function planes(data: Float32Array, out: Float32Array, offset: number, plane: number): void {
  const green = offset + plane;
  const blue = green + plane;
  for (let i = 0, j = 0; i < plane; i++, j += 3) {
    out[offset + i] = data[j];
    out[green + i] = data[j + 1];
    out[blue + i] = data[j + 2];
  }
}

function nativeTokens(prompt: Prompt, image: Image, native: { width: number; height: number }): PromptToken[] {
  return promptTokens(prompt, image).map((token) => scalePoint(token, image, native));
}

interface Contract {
  readonly nativeSize: { readonly width: number; readonly height: number };
  /** The leading size, where it is fixed. */
  readonly batch: number | undefined;
}

function checkContract(graph: TensorGraph): Contract {
  const refuse = (why: string): never => {
    throw new BlackBoxError(
      "BLACKBOX_CONTRACT",
      `${graph.name} does not fit the onnx contract: ${why}. Found inputs: ${showTensors(graph.inputs)}; outputs: ${showTensors(graph.outputs)}. ` +
        "Expected inputs image float32 [B,3,H,W], point_coords float32 [B,N,2], point_labels float32 [B,N]; output masks float32 [B,1,H,W].",
    );
  };
  const expectTensor = (tensors: readonly TensorDescription[], wanted: string, rank: number) => {
    const tensor = tensors.find((candidate) => candidate.name === wanted) ?? refuse(`${wanted} is missing`);
    if (tensor.type !== "float32") refuse(`${wanted} is ${tensor.type}`);
    if (tensor.shape.length !== rank) refuse(`${wanted} has rank ${tensor.shape.length}`);
    return tensor;
  };
  const image = expectTensor(graph.inputs, "image", 4);
  expectTensor(graph.inputs, "point_coords", 3);
  expectTensor(graph.inputs, "point_labels", 2);
  expectTensor(graph.outputs, "masks", 4);
  const extra = graph.inputs.find(({ name: input }) => !["image", "point_coords", "point_labels"].includes(input));
  if (extra) refuse(`it also wants ${extra.name}`);
  const [batch, channels, height, width] = image.shape;
  if (channels !== undefined && channels !== 3) refuse(`image has ${channels} channels`);
  if (!height || !width) return refuse("image has no fixed height and width");
  return { nativeSize: { width, height }, batch };
}

import { messageOf } from "../common/errors.js";
import type { Image, ProbabilityMap } from "../image/image.js";
import { scalePoint } from "../image/place.js";
import { resizeImage, resizeMap } from "../image/resize.js";
import { BlackBoxError, type ModelDescription, type Prompt, type SegmentationModel } from "./model.js";
import { type OnnxGraph, openOnnxGraph, Tensor, type TensorDescription } from "./onnx-session.js";

const MAX_BATCH = 8;
const PADDING = -1;

interface NativePrompt {
  readonly coordinates: readonly number[];
  readonly labels: readonly number[];
}

/**
 * The `onnx` provider: one file with the inputs `image` float32 [B,3,H,W] in 0..255, `point_coords` float32 [B,N,2] and
 * `point_labels` float32 [B,N] (1 foreground, 0 background, 2 and 3 box corners, -1 padding), and the output `masks`,
 * float32 logits [B,1,H,W].
 */
export class OnnxModel implements SegmentationModel {
  readonly description: ModelDescription;
  readonly #graph: OnnxGraph;

  private constructor(graph: OnnxGraph, description: ModelDescription) {
    this.#graph = graph;
    this.description = description;
  }

  /**
   * @param name what the user called it, for messages; @param threads CPU threads of the runtime.
   * @throws BlackBoxError BLACKBOX_FILE, BLACKBOX_CONTRACT
   */
  static async open(file: string, name = `onnx:${file}`, threads = 1): Promise<OnnxModel> {
    const graph = await openOnnxGraph(file, threads);
    try {
      return new OnnxModel(graph, {
        name,
        family: "onnx",
        identity: graph.identity,
        nativeSize: checkContract(name, graph),
        prompts: ["point", "box"],
        maxBatch: MAX_BATCH,
      });
    } catch (error) {
      await graph.session.release();
      throw error;
    }
  }

  async segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal): Promise<ProbabilityMap[]> {
    if (images.length !== prompts.length)
      throw new BlackBoxError("BLACKBOX_INPUT", `${images.length} images came with ${prompts.length} prompts`);
    const maps: ProbabilityMap[] = [];
    for (let start = 0; start < images.length; start += MAX_BATCH) {
      signal?.throwIfAborted();
      maps.push(
        ...(await this.#segmentBatch(images.slice(start, start + MAX_BATCH), prompts.slice(start, start + MAX_BATCH))),
      );
    }
    return maps;
  }

  async close(): Promise<void> {
    await this.#graph.session.release();
  }

  async #segmentBatch(images: readonly Image[], prompts: readonly Prompt[]): Promise<ProbabilityMap[]> {
    const { width, height } = this.description.nativeSize;
    const plane = width * height;
    const batch = images.length;
    const pixels = new Float32Array(batch * 3 * plane);
    for (const [b, image] of images.entries()) {
      if (image.channels !== 3) throw new BlackBoxError("BLACKBOX_INPUT", "the black box wants RGB images");
      const fitted = image.width === width && image.height === height ? image : resizeImage(image, width, height);
      const { data } = fitted;
      const red = b * 3 * plane;
      const green = red + plane;
      const blue = green + plane;
      for (let i = 0, j = 0; i < plane; i++, j += 3) {
        pixels[red + i] = data[j];
        pixels[green + i] = data[j + 1];
        pixels[blue + i] = data[j + 2];
      }
    }
    const native = prompts.map((prompt, b) => nativePrompt(prompt, images[b], width, height));
    const count = Math.max(...native.map((prompt) => prompt.labels.length));
    const coordinates = new Float32Array(batch * count * 2);
    const labels = new Float32Array(batch * count).fill(PADDING);
    for (const [b, prompt] of native.entries()) {
      coordinates.set(prompt.coordinates, b * count * 2);
      labels.set(prompt.labels, b * count);
    }
    const logits = await this.#run(
      new Tensor("float32", pixels, [batch, 3, height, width]),
      new Tensor("float32", coordinates, [batch, count, 2]),
      new Tensor("float32", labels, [batch, count]),
      batch * plane,
    );
    return images.map((image, b) => {
      const data = new Float32Array(plane);
      for (let i = 0, j = b * plane; i < plane; i++, j++) data[i] = 1 / (1 + Math.exp(-logits[j]));
      const map = { data, width, height };
      return image.width === width && image.height === height ? map : resizeMap(map, image.width, image.height);
    });
  }

  async #run(
    image: InstanceType<typeof Tensor>,
    point_coords: InstanceType<typeof Tensor>,
    point_labels: InstanceType<typeof Tensor>,
    expected: number,
  ): Promise<Float32Array> {
    try {
      const { masks } = await this.#graph.session.run({ image, point_coords, point_labels }, ["masks"]);
      const data = masks.data;
      if (!(data instanceof Float32Array) || data.length !== expected)
        throw new BlackBoxError("BLACKBOX_CONTRACT", `masks has ${data.length} values where ${expected} were expected`);
      return data;
    } catch (error) {
      if (error instanceof BlackBoxError) throw error;
      const message = `the black box ${this.description.name} failed: ${messageOf(error)}`;
      throw new BlackBoxError("BLACKBOX_FAILED", message, {}, { cause: error });
    }
  }
}

function nativePrompt(prompt: Prompt, image: Image, width: number, height: number): NativePrompt {
  const coordinates: number[] = [];
  const labels: number[] = [];
  const add = (x: number, y: number, label: number) => {
    if (!(x >= -0.5 && y >= -0.5 && x <= image.width - 0.5 && y <= image.height - 0.5))
      throw new BlackBoxError(
        "BLACKBOX_INPUT",
        `a prompt at (${x}, ${y}) is outside its ${image.width} x ${image.height} image`,
      );
    const point = scalePoint({ x, y }, image, { width, height });
    coordinates.push(point.x, point.y);
    labels.push(label);
  };
  for (const point of prompt.points) add(point.x, point.y, point.label);
  if (prompt.box) {
    add(prompt.box.left, prompt.box.top, 2);
    add(prompt.box.right, prompt.box.bottom, 3);
  }
  if (labels.length === 0) throw new BlackBoxError("BLACKBOX_INPUT", "a query needs at least one point or a box");
  return { coordinates, labels };
}

function show(tensors: readonly TensorDescription[]): string {
  return tensors
    .map(({ name, type, shape }) => `${name} ${type} [${shape.map((size) => size ?? "?").join(",")}]`)
    .join(", ");
}

/** The model's own input size, when the graph fits the contract. */
function checkContract(name: string, graph: OnnxGraph): { width: number; height: number } {
  const refuse = (why: string): never => {
    throw new BlackBoxError(
      "BLACKBOX_CONTRACT",
      `${name} does not fit the onnx contract: ${why}. Found inputs: ${show(graph.inputs)}; outputs: ${show(graph.outputs)}. ` +
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
  const [, channels, height, width] = image.shape;
  if (channels !== undefined && channels !== 3) refuse(`image has ${channels} channels`);
  if (!height || !width) return refuse("image has no fixed height and width");
  return { width, height };
}

import { OnnxGraph } from "@fedbaps/core/blackbox/onnx-session.js";
import { type SamGraphs, SamModel } from "@fedbaps/core/blackbox/sam/model.js";
import { parseSamSettings, type SamSettings } from "@fedbaps/core/blackbox/sam/settings.js";
import { parseSpec } from "@fedbaps/core/blackbox/spec.js";
import type { Tensor, TensorDescription, TensorGraph, Tensors } from "@fedbaps/core/blackbox/tensor.js";

/** A graph made of a function, for tests. It remembers what it was given. */
export class StubGraph implements TensorGraph {
  readonly name = "stub";
  readonly identity = "0".repeat(64);
  readonly concurrency = 1;
  readonly notes: readonly string[] = [];
  readonly given: Tensors[] = [];
  closed = false;

  constructor(
    readonly inputs: readonly TensorDescription[],
    readonly outputs: readonly TensorDescription[],
    private readonly answer: (feeds: Tensors) => Tensors,
  ) {}

  async run(feeds: Tensors, outputs: readonly string[], signal?: AbortSignal): Promise<Tensors> {
    signal?.throwIfAborted();
    this.given.push(feeds);
    const answer = this.answer(feeds);
    return Object.fromEntries(outputs.map((name) => [name, answer[name]]));
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** A graph that remembers what it was given and what for; what it answers is another's. */
export class WatchedGraph implements TensorGraph {
  readonly given: Tensors[] = [];
  readonly asked: (readonly string[])[] = [];
  readonly name: string;
  readonly identity: string;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly concurrency: number;
  readonly notes: readonly string[];

  constructor(private readonly graph: OnnxGraph) {
    this.name = graph.name;
    this.identity = graph.identity;
    this.inputs = graph.inputs;
    this.outputs = graph.outputs;
    this.concurrency = graph.concurrency;
    this.notes = graph.notes;
  }

  get source() {
    return this.graph.source;
  }

  run(feeds: Tensors, outputs: readonly string[], signal?: AbortSignal): Promise<Tensors> {
    this.given.push(feeds);
    this.asked.push(outputs);
    return this.graph.run(feeds, outputs, signal);
  }

  close(): Promise<void> {
    return this.graph.close();
  }
}

export interface WatchedSam {
  readonly model: SamModel;
  readonly encoder: WatchedGraph;
  readonly decoder: WatchedGraph;
}

/** Opens a spec of the form `sam-onnx:ENCODER,DECODER#settings` with both graphs watched. */
export async function openWatched(spec: string): Promise<WatchedSam> {
  const { places, settings } = parseSpec(spec);
  const [encoder, decoder] = await Promise.all(
    places.map(async (place) => new WatchedGraph(await OnnxGraph.open(place, spec))),
  );
  const graphs: SamGraphs = { name: spec, encoder, decoder };
  return { model: new SamModel(graphs, parseSamSettings(settings)), encoder, decoder };
}

/** A float32 tensor. */
export function floats(shape: readonly number[], values: ArrayLike<number>): Tensor {
  return { type: "float32", shape, data: Float32Array.from(values) };
}

export interface StubSam {
  readonly model: SamModel;
  readonly encoder: StubGraph;
  readonly decoder: StubGraph;
}

/** Shapes of the outputs of Meta's decoder; a size that is left free is undefined. */
export type MaskShapes = Readonly<Record<string, readonly (number | undefined)[]>>;

/**
 * A small pair with the tensors of Segment Anything: a frame of 64 x 64, masks of 16 x 16, and embeddings of `channels` x
 * 4 x 4. @param answer what the decoder says to what it is given.
 */
export function stubSam(
  answer: (feeds: Tensors) => Tensors,
  outputs: MaskShapes,
  { settings = {}, channels = 8 }: { settings?: SamSettings; channels?: number } = {},
): StubSam {
  const described = (shapes: MaskShapes) =>
    Object.entries(shapes).map(([name, shape]) => ({ name, type: "float32", shape }));
  const embedding = [1, channels, 4, 4];
  const empty = new Float32Array(channels * 16);
  const encoder = new StubGraph(
    described({ images: [1, 3, 64, 64] }),
    described({ image_embeddings: embedding }),
    () => ({ image_embeddings: { type: "float32", shape: embedding, data: empty } }),
  );
  const inputs = {
    image_embeddings: embedding,
    point_coords: [1, undefined, 2],
    point_labels: [1, undefined],
    mask_input: [1, 1, 16, 16],
    has_mask_input: [1],
    orig_im_size: [2],
  };
  const decoder = new StubGraph(described(inputs), described(outputs), answer);
  return { model: new SamModel({ name: "stub", encoder, decoder }, settings), encoder, decoder };
}

import { LRUCache } from "lru-cache";
import { asBytes } from "../../common/bytes.js";
import { sha256Hex } from "../../common/hash.js";
import type { Image, ProbabilityMap } from "../../image/image.js";
import { inBatches } from "../batches.js";
import {
  BlackBoxError,
  type ModelDescription,
  type ModelFamily,
  type Prompt,
  type SegmentationModel,
} from "../model.js";
import type { GraphMessage } from "../onnx-schema.js";
import { checkColour, promptTokens } from "../prompt-tokens.js";
import { showTensors, type Tensor, type TensorDescription, type TensorGraph, type Tensors } from "../tensor.js";
import { floatsOf, tensorOf } from "../tensor-data.js";
import { EXPECTED_DECODERS, looksLikeDecoder, NotThisKind, recogniseDecoder, type SamDecoder } from "./decoder.js";
import { encoderInput, IMAGE_NAMES, recogniseEncoder, type SamEncoder } from "./encoder.js";
import { type Placement, place } from "./geometry.js";
import { MaskReader } from "./masks.js";
import type { PixelRange } from "./pixels.js";
import { promptTensors } from "./prompt-tensors.js";
import type { SamSettings } from "./settings.js";

/** Embeddings that are kept: several clicks on one picture need its encoder once. */
const EMBEDDING_BYTES = 128 * 2 ** 20;

/** What exporters of a family leave to the caller, where the graph does not tell. */
const USUAL_PIXELS: Partial<Record<ModelFamily, PixelRange>> = { "efficient-sam": "0..1" };

/** A pair of graphs, with the files' own descriptions where they are files. */
export interface SamGraphs {
  readonly name: string;
  readonly encoder: TensorGraph & { readonly source?: GraphMessage };
  readonly decoder: TensorGraph;
}

/**
 * A model of the Segment Anything family in two graphs: an encoder that sees the picture and a decoder that sees the
 * prompt. Which family it is, is recognised from the graphs' inputs and outputs.
 */
export class SamModel implements SegmentationModel {
  readonly description: ModelDescription;
  readonly #graphs: SamGraphs;
  readonly #encoder: SamEncoder;
  readonly #decoder: SamDecoder;
  /** For each of the decoder's embedding inputs, the encoder's output. */
  readonly #sources: ReadonlyMap<TensorDescription, string>;
  readonly #masks: MaskReader;
  readonly #encoding = new Map<string, Promise<Tensors>>();
  readonly #embeddings = new LRUCache<string, Tensors>({
    maxSize: EMBEDDING_BYTES,
    sizeCalculation: (tensors) => Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 1),
  });

  /** @throws BlackBoxError BLACKBOX_CONTRACT when the graphs are of another kind; they are left open. */
  constructor(graphs: SamGraphs, settings: SamSettings = {}) {
    const { name, encoder, decoder } = graphs;
    this.#graphs = graphs;
    try {
      this.#decoder = recogniseDecoder(decoder);
      const usual = USUAL_PIXELS[this.#decoder.family] ?? "normalised";
      this.#encoder = recogniseEncoder(encoder, encoder.source, settings, usual);
      this.#sources = connected(encoder.outputs, this.#decoder);
    } catch (error) {
      throw error instanceof NotThisKind ? refusal(graphs, error.message) : error;
    }
    const { family, corners, boxesInput, exactTokens = 2 } = this.#decoder;
    this.#masks = new MaskReader(this.#decoder, {
      ...(settings.masks === undefined ? {} : { masks: settings.masks }),
      medsam: settings.preset === "medsam",
    });
    this.description = {
      name,
      family,
      identity: sha256Hex([encoder.identity, decoder.identity, JSON.stringify(settings)].join("\n")),
      nativeSize: this.#encoder.frame,
      geometry: settings.fit ?? this.#decoder.geometry,
      prompts: boxesInput || (corners && exactTokens >= 2) ? ["point", "box"] : ["point"],
      // Exporters fix the batch at one; a picture's encoder is long enough a call.
      maxBatch: 1,
      concurrency: Math.min(encoder.concurrency, decoder.concurrency),
      ...(encoder.remote === undefined ? {} : { remote: encoder.remote }),
      inputs: [...encoder.inputs, ...decoder.inputs],
      outputs: [...encoder.outputs, ...decoder.outputs],
      notes: [
        ...new Set([
          ...encoder.notes,
          ...decoder.notes,
          ...remarks(this.#encoder, this.#decoder, settings),
          ...unused(encoder.outputs, [...this.#sources.values()]),
        ]),
      ],
    };
  }

  segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal): Promise<ProbabilityMap[]> {
    const { concurrency } = this.description;
    return inBatches(images, prompts, { size: 1, concurrency, signal }, async ([image], [prompt]) => [
      await this.#segmentOne(image, prompt, signal),
    ]);
  }

  async close(): Promise<void> {
    this.#embeddings.clear();
    await Promise.all([this.#graphs.encoder.close(), this.#graphs.decoder.close()]);
  }

  async #segmentOne(image: Image, prompt: Prompt, signal: AbortSignal | undefined): Promise<ProbabilityMap> {
    checkColour(image);
    promptTokens(prompt, image);
    const placement = place(image, this.#encoder.frame, this.description.geometry);
    const { feeds, tokens } = promptTensors(this.#decoder, prompt, image, placement);
    const embeddings = await this.#embed(image, placement, signal);
    const answer = await this.#graphs.decoder.run({ ...embeddings, ...feeds }, this.#masks.wanted, signal);
    const data = this.#masks.read(answer, tokens, image, placement);
    return { data, width: image.width, height: image.height };
  }

  async #embed(image: Image, placement: Placement, signal: AbortSignal | undefined): Promise<Tensors> {
    const key = sha256Hex(`${image.width} ${image.height}\n`, asBytes(image.data));
    const kept = this.#embeddings.get(key) ?? this.#encoding.get(key);
    if (kept) return kept;
    // Several clicks on one picture may come at once: they wait for the same answer.
    const encoding = this.#encode(image, placement, signal);
    this.#encoding.set(key, encoding);
    try {
      const embeddings = await encoding;
      this.#embeddings.set(key, embeddings);
      return embeddings;
    } finally {
      this.#encoding.delete(key);
    }
  }

  async #encode(image: Image, placement: Placement, signal: AbortSignal | undefined): Promise<Tensors> {
    const outputs = [...new Set(this.#sources.values())];
    const input = encoderInput(this.#encoder, image, placement);
    const answer = await this.#graphs.encoder.run({ [this.#encoder.input.name]: input }, outputs, signal);
    const embeddings: Record<string, Tensor> = {};
    for (const [wanted, output] of this.#sources) embeddings[wanted.name] = retyped(wanted, output, answer[output]);
    return embeddings;
  }
}

/** An encoder of single and a decoder of half precision, or the other way round, do occur together. */
function retyped(wanted: TensorDescription, output: string, tensor: Tensor): Tensor {
  if (wanted.type === tensor.type) return tensor;
  return tensorOf(wanted.type as "float32" | "float16", tensor.shape, floatsOf(output, tensor));
}

/** @throws NotThisKind when the encoder does not give what the decoder takes. */
function connected(outputs: readonly TensorDescription[], { embeddings }: SamDecoder): Map<TensorDescription, string> {
  const plain = (name: string) => name.replace(/^(image_)?embed(ding)?s?$/, "image_embeddings");
  const sources = new Map<TensorDescription, string>();
  for (const wanted of embeddings) {
    const only = embeddings.length === 1 && outputs.length === 1 ? outputs[0] : undefined;
    const found =
      outputs.find(({ name }) => name === wanted.name) ??
      outputs.find(({ name }) => plain(name) === plain(wanted.name)) ??
      only;
    if (!found) throw new NotThisKind(`the decoder wants ${wanted.name}, which the encoder does not give`);
    const fits =
      found.shape.length === wanted.shape.length &&
      found.shape.every((size, i) => size === undefined || wanted.shape[i] === undefined || size === wanted.shape[i]);
    // An exporter may not know its outputs' shapes.
    if (found.shape.length > 0 && !fits)
      throw new NotThisKind(
        `the encoder's ${showTensors([found])} does not fit the decoder's ${showTensors([wanted])}`,
      );
    sources.set(wanted, found.name);
  }
  return sources;
}

function refusal({ name, encoder, decoder }: SamGraphs, why: string): BlackBoxError {
  const found = (graph: TensorGraph) => `${showTensors(graph.inputs)} -> ${showTensors(graph.outputs)}`;
  const hint =
    !looksLikeDecoder(decoder) && looksLikeDecoder(encoder) ? " (the encoder comes first: are they swapped?)" : "";
  return new BlackBoxError(
    "BLACKBOX_CONTRACT",
    `${name} is of no known family: ${why}${hint}. Found encoder: ${found(encoder)}; decoder: ${found(decoder)}. ` +
      `Expected encoder: one of ${IMAGE_NAMES.join(", ")} [1,3,H,W], [1,H,W,3] or [H,W,3] -> embeddings; expected decoder, ${EXPECTED_DECODERS.join("; ")}`,
  );
}

/** An encoder that offers more than is taken may belong to another decoder. */
function unused(outputs: readonly TensorDescription[], taken: readonly string[]): string[] {
  const names = outputs.map(({ name }) => name).filter((name) => !taken.includes(name));
  return names.length === 0
    ? []
    : [`the encoder also gives ${names.join(", ")}, which the decoder does not take: do the two belong together?`];
}

/** How the pair was understood, for a person to check. */
function remarks(encoder: SamEncoder, decoder: SamDecoder, { fit }: SamSettings): string[] {
  const from = {
    settings: "as the settings say",
    graph: "read off the graph",
    family: "usual for the family; change it with #pixels=...",
  }[encoder.pixelsFrom];
  const notes = [`pixels ${encoder.pixels} (${from}), pictures ${fit ?? decoder.geometry}`];
  if (decoder.family === "efficient-sam")
    notes.push("EfficientSAM has no notion of a background click: it takes one for a position without a meaning");
  return notes;
}

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import * as ort from "onnxruntime-node";
import { messageOf } from "../common/errors.js";
import { sha256Hex } from "../common/hash.js";
import { BlackBoxError } from "./model.js";
import { externalFiles } from "./onnx-file.js";
import { type GraphMessage, readModelMessage } from "./onnx-schema.js";
import type { ElementType, Tensor, TensorData, TensorDescription, TensorGraph, Tensors } from "./tensor.js";

/** Where ONNX Runtime computes. Which of them there are depends on the machine and its build; `cpu` always is. */
export const EXECUTION_PROVIDERS = ["cpu", "cuda", "dml", "coreml"] as const;
export type ExecutionProvider = (typeof EXECUTION_PROVIDERS)[number];

export interface OnnxSettings {
  /** CPU threads of the runtime; 1 (default) keeps the sums in one order on every machine. */
  readonly threads?: number;
  /** Default cpu. One that is not to be had is replaced by cpu, with a note. */
  readonly provider?: ExecutionProvider;
}

/** An ONNX file in this process. */
export class OnnxGraph implements TensorGraph {
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly concurrency = 1;
  #closed = false;
  readonly #running = new Set<Promise<unknown>>();

  private constructor(
    readonly name: string,
    readonly identity: string,
    /** The file's own description of the graph: operators and constants. */
    readonly source: GraphMessage,
    readonly notes: readonly string[],
    private readonly session: ort.InferenceSession,
  ) {
    this.inputs = describe(session.inputMetadata);
    this.outputs = describe(session.outputMetadata);
  }

  /**
   * Loads one ONNX file, with the files beside it that hold its weights where it names such.
   * @throws BlackBoxError BLACKBOX_FILE when a file cannot be read or is no ONNX graph that this runtime can load.
   */
  static async open(file: string, name: string, settings: OnnxSettings = {}): Promise<OnnxGraph> {
    const bytes = await read(file);
    const source = parse(file, bytes);
    const hashes = [sha256Hex(bytes)];
    for (const external of externalFiles(source)) hashes.push(sha256Hex(await read(resolve(dirname(file), external))));
    const identity = hashes.length === 1 ? hashes[0] : sha256Hex(hashes.join("\n"));
    const { session, notes } = await load(file, settings);
    return new OnnxGraph(name, identity, source, notes, session);
  }

  async run(feeds: Tensors, outputs: readonly string[], signal?: AbortSignal): Promise<Tensors> {
    signal?.throwIfAborted();
    if (this.#closed) throw new BlackBoxError("BLACKBOX_CLOSED", `the black box ${this.name} is closed already`);
    const given: Record<string, ort.Tensor> = {};
    for (const [input, tensor] of Object.entries(feeds)) given[input] = toRuntime(tensor);
    const running = this.session.run(given, outputs);
    this.#running.add(running);
    try {
      const answer = await running;
      return Object.fromEntries(outputs.map((output) => [output, fromRuntime(output, answer[output])]));
    } catch (error) {
      if (error instanceof BlackBoxError) throw error;
      const message = `the black box ${this.name} failed: ${messageOf(error)}`;
      throw new BlackBoxError("BLACKBOX_FAILED", message, {}, { cause: error });
    } finally {
      this.#running.delete(running);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // Released under a running call, the runtime would read freed memory.
    await Promise.allSettled(this.#running);
    await this.session.release();
  }
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new BlackBoxError("BLACKBOX_FILE", `cannot read the black box ${file}: ${messageOf(error)}`);
  }
}

function parse(file: string, bytes: Uint8Array): GraphMessage {
  try {
    return readModelMessage(bytes);
  } catch (error) {
    throw new BlackBoxError("BLACKBOX_FILE", `${file} is not an ONNX graph`, {}, { cause: error });
  }
}

async function load(
  file: string,
  { threads = 1, provider = "cpu" }: OnnxSettings,
): Promise<{ session: ort.InferenceSession; notes: string[] }> {
  const notes: string[] = [];
  const create = (executionProviders: ExecutionProvider[]) =>
    // By path, not by bytes: weights may lie in files beside it.
    ort.InferenceSession.create(file, {
      executionProviders,
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
    });
  if (provider !== "cpu") {
    const offered = ort.listSupportedBackends().map(({ name }) => name);
    const instead = (why: string) =>
      notes.push(`execution provider ${provider} is not to be had here: ${why}; using cpu`);
    // One that the build does not know would be left out without a word.
    if (!offered.includes(provider)) instead(`this build of ONNX Runtime offers ${offered.join(", ")}`);
    else
      try {
        return { session: await create([provider, "cpu"]), notes };
      } catch (error) {
        instead(messageOf(error).split("\n", 1)[0]);
      }
  }
  try {
    return { session: await create(["cpu"]), notes };
  } catch (error) {
    const why = messageOf(error).split("\n", 1)[0];
    const message = `${file} is not an ONNX graph that this runtime can load: ${why}`;
    throw new BlackBoxError("BLACKBOX_FILE", message, {}, { cause: error });
  }
}

function describe(metadata: readonly ort.InferenceSession.ValueMetadata[]): TensorDescription[] {
  return metadata.map((entry) => ({
    name: entry.name,
    type: entry.isTensor ? entry.type : "not a tensor",
    shape: entry.isTensor ? entry.shape.map((size) => (typeof size === "number" && size > 0 ? size : undefined)) : [],
  }));
}

function toRuntime({ type, data, shape }: Tensor): ort.Tensor {
  return new ort.Tensor(type, data as ort.Tensor.DataType, shape);
}

function fromRuntime(name: string, tensor: ort.Tensor | undefined): Tensor {
  if (!tensor) throw new BlackBoxError("BLACKBOX_CONTRACT", `the graph gave no ${name}`);
  const data = tensor.data as TensorData;
  // Where JavaScript has a Float16Array of its own the runtime uses that; we hold the bits.
  const bits =
    tensor.type === "float16" && !(data instanceof Uint16Array)
      ? new Uint16Array((data as ArrayBufferView).buffer, (data as ArrayBufferView).byteOffset, tensor.size)
      : data;
  return { type: tensor.type as ElementType, shape: tensor.dims, data: bits };
}

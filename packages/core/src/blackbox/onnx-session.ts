import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../common/errors.js";
import { sha256Hex } from "../common/hash.js";
import { BlackBoxError } from "./model.js";
import { externalFiles, withoutWeights } from "./onnx-file.js";
import { ort } from "./onnx-runtime.js";
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
  /** Low: memory is given back after every run, which takes more time; a large encoder keeps several gigabytes else. */
  readonly memory?: "usual" | "low";
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
    const { hash, source, externals } = await inspect(file);
    const hashes = [hash];
    for (const external of externals) hashes.push(await hashOf(resolve(dirname(file), external)));
    const identity = hashes.length === 1 ? hash : sha256Hex(hashes.join("\n"));
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

/** Reads the file, and keeps nothing of it but what it says of itself. */
async function inspect(file: string): Promise<{ hash: string; source: GraphMessage; externals: string[] }> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  if (bytes.length === 0) throw new BlackBoxError("BLACKBOX_FILE", `${file} is empty`);
  const graph = parse(file, bytes);
  return { hash: sha256Hex(bytes), source: withoutWeights(graph), externals: externalFiles(graph) };
}

/** Of a file of any size: weights beside a graph may have several gigabytes. */
async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    throw unreadable(file, error);
  }
  return hash.digest("hex");
}

function unreadable(file: string, error: unknown): BlackBoxError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : messageOf(error);
  return new BlackBoxError("BLACKBOX_FILE", `cannot read the black box ${file}: ${why}`);
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
  { threads = 1, provider = "cpu", memory = "usual" }: OnnxSettings,
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
      ...(memory === "low" ? { enableCpuMemArena: false, enableMemPattern: false } : {}),
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

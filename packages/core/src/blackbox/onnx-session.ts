import { messageOf } from "../common/errors.js";
import { BlackBoxError } from "./model.js";
import { type OnnxContents, readOnnxContents } from "./onnx-contents.js";
import { ort } from "./onnx-runtime.js";
import type { GraphMessage } from "./onnx-schema.js";
import { describeMetadata, tensorFromRuntime } from "./onnx-tensors.js";
import type { Tensor, TensorDescription, TensorGraph, Tensors } from "./tensor.js";

/** Where ONNX Runtime computes. Which of them there are depends on the machine and its build; `cpu` always is. */
export const EXECUTION_PROVIDERS = ["cpu", "cuda", "dml", "coreml"] as const;
export type ExecutionProvider = (typeof EXECUTION_PROVIDERS)[number];

export interface OnnxSettings {
  /** CPU threads that share the work of every single call; 1 (default) keeps the sums in one order on every machine. */
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
    this.inputs = describeMetadata(session.inputMetadata);
    this.outputs = describeMetadata(session.outputMetadata);
  }

  /**
   * Loads one ONNX file, with the files beside it that hold its weights where it names such.
   * @throws BlackBoxError BLACKBOX_FILE when a file cannot be read or is no ONNX graph that this runtime can load.
   */
  static async open(file: string, name: string, settings: OnnxSettings = {}): Promise<OnnxGraph> {
    return OnnxGraph.load(file, name, await readOnnxContents(file), settings);
  }

  /** As `open`, of a file that was read already. */
  static async load(file: string, name: string, contents: OnnxContents, settings: OnnxSettings): Promise<OnnxGraph> {
    const { identity, source } = contents;
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
      return Object.fromEntries(outputs.map((output) => [output, tensorFromRuntime(output, answer[output])]));
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

/** How a session is opened, as ONNX Runtime names it. */
export function sessionOptions(
  { threads = 1, memory = "usual" }: OnnxSettings,
  executionProviders: ExecutionProvider[] = ["cpu"],
): ort.InferenceSession.SessionOptions {
  return {
    executionProviders,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    ...(memory === "low" ? { enableCpuMemArena: false, enableMemPattern: false } : {}),
    logSeverityLevel: 3,
  };
}

/** What is said of a file that the runtime does not take. */
export function unloadable(file: string, error: unknown): BlackBoxError {
  const why = messageOf(error).split("\n", 1)[0];
  const message = `${file} is not an ONNX graph that this runtime can load: ${why}`;
  return new BlackBoxError("BLACKBOX_FILE", message, {}, { cause: error });
}

async function load(file: string, settings: OnnxSettings): Promise<{ session: ort.InferenceSession; notes: string[] }> {
  const { provider = "cpu" } = settings;
  const notes: string[] = [];
  // By path, not by bytes: weights may lie in files beside it.
  const create = (providers: ExecutionProvider[]) =>
    ort.InferenceSession.create(file, sessionOptions(settings, providers));
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
    throw unloadable(file, error);
  }
}

function toRuntime({ type, data, shape }: Tensor): ort.Tensor {
  return new ort.Tensor(type, data as ort.Tensor.DataType, shape);
}

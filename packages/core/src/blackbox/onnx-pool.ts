import type { Worker } from "node:worker_threads";
import { messageOf } from "../common/errors.js";
import { BlackBoxError } from "./model.js";
import type { OnnxContents } from "./onnx-contents.js";
import { type OnnxSettings, sessionOptions, unloadable } from "./onnx-session.js";
import { describeMetadata, tensorFromRuntime } from "./onnx-tensors.js";
import { startOnnxWorker, type WorkerReply, type WorkerRequest } from "./onnx-worker.js";
import type { TensorDescription, TensorGraph, Tensors } from "./tensor.js";

/** Every thread has weights of its own: above this, threads that share the work of one call are the better use. */
const WEIGHTS_LIMIT = 64 * 2 ** 20;

/**
 * An ONNX file in as many threads as there are cores to use, each with a session of one thread: so many calls are
 * answered at once. Threads of the runtime that share one call wait for each other after every operator, at full load:
 * beside other work on the cores they are slower than one alone. These do not wait, and keep the sums of one thread.
 */
export class OnnxPool implements TensorGraph {
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly concurrency: number;
  readonly ownCores = true;
  readonly notes: readonly string[] = [];
  readonly #idle: PoolThread[];
  readonly #waiting: ((thread: PoolThread) => void)[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<unknown> | undefined;

  private constructor(
    readonly name: string,
    readonly identity: string,
    private readonly threads: readonly PoolThread[],
  ) {
    const { inputs, outputs } = threads[0];
    this.inputs = inputs;
    this.outputs = outputs;
    this.concurrency = threads.length;
    this.#idle = [...threads];
  }

  /** Whether a file is better run so than by threads that share every call. */
  static pays({ bytes }: OnnxContents, { threads = 1, provider = "cpu", memory = "usual" }: OnnxSettings): boolean {
    return threads > 1 && provider === "cpu" && memory === "usual" && bytes <= WEIGHTS_LIMIT;
  }

  /** @throws BlackBoxError BLACKBOX_FILE when this runtime cannot load the file. */
  static async load(file: string, name: string, { identity }: OnnxContents, { threads = 1 }: OnnxSettings) {
    const started = Array.from({ length: threads }, () => PoolThread.start(file, name));
    const settled = await Promise.allSettled(started);
    const opened = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failed = settled.find((result) => result.status === "rejected");
    if (failed) {
      await Promise.all(opened.map((thread) => thread.close()));
      throw failed.reason;
    }
    return new OnnxPool(name, identity, opened);
  }

  async run(feeds: Tensors, outputs: readonly string[], signal?: AbortSignal): Promise<Tensors> {
    signal?.throwIfAborted();
    if (this.#closed) throw new BlackBoxError("BLACKBOX_CLOSED", `the black box ${this.name} is closed already`);
    const running = this.#answer(feeds, outputs, signal);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#running).then(() =>
      Promise.all(this.threads.map((thread) => thread.close())),
    );
    return this.#closed.then(() => {});
  }

  async #answer(feeds: Tensors, outputs: readonly string[], signal: AbortSignal | undefined): Promise<Tensors> {
    const thread = this.#idle.pop() ?? (await new Promise<PoolThread>((take) => this.#waiting.push(take)));
    try {
      signal?.throwIfAborted();
      return await thread.run(feeds, outputs);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(thread);
      else this.#idle.push(thread);
    }
  }
}

/** One thread with its session. It answers one call at a time. */
class PoolThread {
  #inputs: readonly TensorDescription[] = [];
  #outputs: readonly TensorDescription[] = [];
  #settle: { reply: (reply: WorkerReply) => void; fail: (error: unknown) => void } | undefined;
  /** Why it answers no more. */
  #ended: unknown;

  private constructor(
    private readonly name: string,
    private readonly worker: Worker,
  ) {
    worker.on("message", (reply: WorkerReply) => this.#settle?.reply(reply));
    worker.on("error", (error) => this.#end(error));
    worker.on("exit", () => this.#end(new Error("its thread ended")));
  }

  static async start(file: string, name: string): Promise<PoolThread> {
    const thread = new PoolThread(name, startOnnxWorker(file, sessionOptions({})));
    const reply = await thread.#next().catch((error: unknown) => {
      throw unloadable(file, error);
    });
    if ("error" in reply) throw unloadable(file, new Error(reply.error));
    if ("inputs" in reply) {
      thread.#inputs = describeMetadata(reply.inputs);
      thread.#outputs = describeMetadata(reply.outputs);
    }
    return thread;
  }

  get inputs(): readonly TensorDescription[] {
    return this.#inputs;
  }

  get outputs(): readonly TensorDescription[] {
    return this.#outputs;
  }

  /** @throws BlackBoxError BLACKBOX_FAILED, also for every call after the thread has ended; BLACKBOX_CONTRACT. */
  async run(feeds: Tensors, outputs: readonly string[]): Promise<Tensors> {
    const reply = await this.#next({ feeds, outputs }).catch((error: unknown) => {
      throw this.#failure(error);
    });
    if (!("answer" in reply)) throw this.#failure("error" in reply ? new Error(reply.error) : reply);
    return Object.fromEntries(outputs.map((output) => [output, tensorFromRuntime(output, reply.answer[output])]));
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise((resolve) => this.worker.once("exit", resolve));
    this.worker.ref();
    this.worker.postMessage({} satisfies WorkerRequest);
    await gone;
  }

  /** Sends what is given and waits for the reply. The process does not end meanwhile, and may when nothing is under way. */
  async #next(request?: WorkerRequest): Promise<WorkerReply> {
    if (this.#ended) throw this.#ended;
    this.worker.ref();
    try {
      return await new Promise<WorkerReply>((reply, fail) => {
        this.#settle = { reply, fail };
        if (request) this.worker.postMessage(request);
      });
    } finally {
      this.#settle = undefined;
      this.worker.unref();
    }
  }

  #end(error: unknown): void {
    this.#ended ??= error;
    this.#settle?.fail(error);
  }

  #failure(error: unknown): BlackBoxError {
    const message = `the black box ${this.name} failed: ${messageOf(error)}`;
    return new BlackBoxError("BLACKBOX_FAILED", message, {}, { cause: error });
  }
}

import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
// The runtime looks for the switch when it is loaded, and a worker gets a copy of this environment.
import "./telemetry-off.js";
import type { RuntimeMetadata, RuntimeTensor } from "./onnx-tensors.js";
import type { Tensors } from "./tensor.js";

/** What a worker is asked. Without feeds it lets go of its session and ends. */
export interface WorkerRequest {
  readonly feeds?: Tensors;
  readonly outputs?: readonly string[];
}

export type WorkerReply =
  | { readonly inputs: readonly RuntimeMetadata[]; readonly outputs: readonly RuntimeMetadata[] }
  | { readonly answer: Readonly<Record<string, RuntimeTensor>> }
  | { readonly error: string };

interface WorkerSetup {
  readonly runtime: string;
  readonly file: string;
  readonly options: object;
}

/**
 * Starts a thread of its own for one ONNX Runtime session: the runtime works in the thread that calls it, and holds that
 * thread up meanwhile. Its first reply says what it loaded; from then on it answers one request at a time.
 * @param options of the session, as ONNX Runtime names them.
 */
export function startOnnxWorker(file: string, options: object): Worker {
  const runtime = createRequire(import.meta.url).resolve("onnxruntime-node");
  const setup: WorkerSetup = { runtime, file, options };
  return new Worker(`(${serve.toString()})(require)`, { eval: true, workerData: setup });
}

/** Handed to the worker as text, so that it needs no file of its own: it must use nothing from outside itself. */
async function serve(load: NodeJS.Require): Promise<void> {
  const { parentPort, workerData } = load("node:worker_threads");
  const { runtime, file, options } = workerData as WorkerSetup;
  const say = (reply: WorkerReply, transfer: ArrayBuffer[] = []) => parentPort.postMessage(reply, transfer);
  try {
    const ort = load(runtime);
    const session = await ort.InferenceSession.create(file, options);
    parentPort.on("message", async ({ feeds, outputs = [] }: WorkerRequest) => {
      if (!feeds) {
        await session.release();
        parentPort.close();
        return;
      }
      try {
        const given: Record<string, unknown> = {};
        for (const [name, { type, data, shape }] of Object.entries(feeds))
          given[name] = new ort.Tensor(type, data, shape);
        const found = await session.run(given, outputs);
        const answer: Record<string, RuntimeTensor> = {};
        const buffers = new Set<ArrayBuffer>();
        for (const name of outputs) {
          if (!found[name]) continue;
          const { type, dims, data } = found[name];
          answer[name] = { type, dims, data };
          if (ArrayBuffer.isView(data)) buffers.add(data.buffer as ArrayBuffer);
        }
        say({ answer }, [...buffers]);
      } catch (error) {
        say({ error: String((error as Error).message ?? error) });
      }
    });
    say({ inputs: session.inputMetadata, outputs: session.outputMetadata });
  } catch (error) {
    say({ error: String((error as Error).message ?? error) });
    parentPort.close();
  }
}

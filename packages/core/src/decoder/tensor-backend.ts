import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { messageOf } from "../common/errors.js";
import { DecoderError } from "./parameters.js";

export type TensorBackend = "wasm" | "tensorflow";

let started: Promise<TensorBackend> | undefined;

/**
 * Holds `tensorflow` to so many CPU threads (TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS, which TensorFlow reads when it
 * is loaded): to be called before `startTensorBackend`. `wasm` has one thread anyhow.
 */
export function limitTensorThreads(threads: number): void {
  process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  process.env.TF_NUM_INTEROP_THREADS = String(threads);
}

/**
 * Starts TensorFlow.js once per process. `wasm` always works; `tensorflow` (@tensorflow/tfjs-node, an optional package)
 * is used on request, and by `auto` when it is installed. The two round differently: for equal bits use the same one.
 * @throws DecoderError DECODER_BACKEND
 */
export function startTensorBackend(wanted: TensorBackend | "auto" = "auto"): Promise<TensorBackend> {
  started ??= start(wanted);
  return started;
}

async function start(wanted: TensorBackend | "auto"): Promise<TensorBackend> {
  if (wanted !== "wasm") {
    try {
      // The name is a variable so that neither the compiler nor a bundler insists on the optional package.
      const optional = "@tensorflow/tfjs-node";
      await import(optional);
      if (await tf.setBackend("tensorflow")) return "tensorflow";
    } catch (error) {
      if (wanted === "tensorflow")
        throw new DecoderError("DECODER_BACKEND", `@tensorflow/tfjs-node cannot be used here: ${messageOf(error)}`);
    }
  }
  const require = createRequire(import.meta.url);
  setWasmPaths(`${join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist")}/`);
  // One thread: sums in one order on every machine, and no worker threads that outlive the process's work.
  setThreadsCount(1);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  if (!(await tf.setBackend("wasm")))
    throw new DecoderError("DECODER_BACKEND", "the wasm backend of TensorFlow.js did not start");
  await tf.ready();
  return "wasm";
}

export { tf };

import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-node";
import { messageOf } from "../common/errors.js";
import { sha256Hex } from "../common/hash.js";
import { BlackBoxError } from "./model.js";

/** What a graph says of one of its inputs or outputs; unknown or dynamic sizes are `undefined`. */
export interface TensorDescription {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | undefined)[];
}

export interface OnnxGraph {
  readonly session: ort.InferenceSession;
  /** SHA-256 of the file. */
  readonly identity: string;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
}

function describe(metadata: readonly ort.InferenceSession.ValueMetadata[]): TensorDescription[] {
  return metadata.map((entry) => ({
    name: entry.name,
    type: entry.isTensor ? entry.type : "not a tensor",
    shape: entry.isTensor ? entry.shape.map((size) => (typeof size === "number" && size > 0 ? size : undefined)) : [],
  }));
}

/**
 * Loads one ONNX file. `threads` are the runtime's own: 1 keeps the sums in one order on every machine.
 * @throws BlackBoxError BLACKBOX_FILE when the file cannot be read or is no ONNX graph.
 */
export async function openOnnxGraph(file: string, threads: number): Promise<OnnxGraph> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new BlackBoxError("BLACKBOX_FILE", `cannot read the black box ${file}: ${messageOf(error)}`);
  }
  try {
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
    });
    return {
      session,
      identity: sha256Hex(bytes),
      inputs: describe(session.inputMetadata),
      outputs: describe(session.outputMetadata),
    };
  } catch (error) {
    throw new BlackBoxError(
      "BLACKBOX_FILE",
      `${file} is not an ONNX graph that this runtime can load`,
      {},
      { cause: error },
    );
  }
}

export type { ort };
export const { Tensor } = ort;

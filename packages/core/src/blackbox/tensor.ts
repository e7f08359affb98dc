/** Element types of the graphs that we can feed and read, by the names that ONNX Runtime gives them. */
export type ElementType = "float32" | "float16" | "uint8" | "int32" | "int64";

/** float16 elements are held as their bit patterns. */
export type TensorData = Float32Array | Uint16Array | Uint8Array | Int32Array | BigInt64Array;

/** A dense tensor, the last dimension running fastest. */
export interface Tensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export type Tensors = Readonly<Record<string, Tensor>>;

/** What a graph says of one of its inputs or outputs; unknown or dynamic sizes are `undefined`. */
export interface TensorDescription {
  readonly name: string;
  /** An `ElementType`, or what else the graph wants. */
  readonly type: string;
  readonly shape: readonly (number | undefined)[];
}

/**
 * A graph that takes and gives tensors, wherever it runs: in this process (ONNX Runtime) or on a server (Open Inference
 * Protocol). What the tensors mean is the business of those who call it.
 */
export interface TensorGraph {
  /** How the user named it, for messages. */
  readonly name: string;
  /** SHA-256, in hex, of what it is made of. */
  readonly identity: string;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /** The origin that tensors are sent to; absent where they stay in this process. */
  readonly remote?: string;
  /** Leading size of the tensors in one call at most, where the one who runs the graph sets such a limit. */
  readonly maxBatch?: number;
  /** Calls that may be under way at once; more wait for their turn. */
  readonly concurrency: number;
  /** Each call under way has a processor core of its own. */
  readonly ownCores?: boolean;
  /** What a person should know of how it was opened. */
  readonly notes: readonly string[];
  /**
   * Runs the graph once. A call that has begun in this process is not cut short by the signal.
   * @param outputs names of the outputs that are wanted.
   * @throws BlackBoxError BLACKBOX_FAILED, BLACKBOX_CONTRACT, BLACKBOX_CLOSED; on a server also BLACKBOX_REFUSED,
   * BLACKBOX_TIMEOUT, BLACKBOX_UNREACHABLE, and BLACKBOX_INPUT for numbers that JSON does not have; the signal's reason
   * when it is aborted.
   */
  run(feeds: Tensors, outputs: readonly string[], signal?: AbortSignal): Promise<Tensors>;
  /** Waits for calls under way; may be called again. */
  close(): Promise<void>;
}

/** `image float32 [?,3,1024,1024], ...`: what was found, for messages. */
export function showTensors(tensors: readonly TensorDescription[]): string {
  if (tensors.length === 0) return "none";
  return tensors
    .map(({ name, type, shape }) => `${name} ${type} [${shape.map((size) => size ?? "?").join(",")}]`)
    .join(", ");
}

// Writes small ONNX files: graphs with wrong names or shapes, stand-ins for real networks, and one that answers with a
// colour channel of its own input.
import { toFloat16 } from "@fedbaps/core/blackbox/float16.js";
import { DATA_TYPE, ModelProto } from "@fedbaps/core/blackbox/onnx-schema.js";

export const FLOAT = DATA_TYPE.float32;
export const FLOAT16 = DATA_TYPE.float16;
export const UINT8 = DATA_TYPE.uint8;
export const INT32 = DATA_TYPE.int32;
export const INT64 = DATA_TYPE.int64;
export const BOOL = 9;

const IR_VERSION = 8;
const OPSET = 17;

/** A size, or the name of one that is free. */
export type Dimension = number | string;

/** An input or an output of a graph. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly Dimension[];
  readonly type?: number;
}

/** A tensor whose values are part of the model: a constant, a weight. */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type?: number;
  readonly values: readonly number[];
  /** Name of a file beside the ONNX file that holds the values (`constantBytes`), and nothing else. */
  readonly beside?: string;
}

/** Of an operator: plain numbers are whole, lists are of whole numbers. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly tensor: Constant };
export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Attributes;
}

/** The values as they lie in a file. */
export function constantBytes({ type = FLOAT, values }: Constant): Uint8Array {
  const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  switch (type) {
    case FLOAT:
      return bytes(Float32Array.from(values));
    case FLOAT16:
      return bytes(toFloat16(values));
    case INT32:
      return bytes(Int32Array.from(values));
    case INT64:
      return bytes(BigInt64Array.from(values, BigInt));
    default:
      return Uint8Array.from(values);
  }
}

function constantInfo(constant: Constant): object {
  const { name, shape, type = FLOAT, beside } = constant;
  const info = { name, dims: shape, data_type: type };
  const raw_data = constantBytes(constant);
  if (beside === undefined) return { ...info, raw_data };
  const place = { location: beside, offset: "0", length: String(raw_data.length) };
  const external_data = Object.entries(place).map(([key, value]) => ({ key, value }));
  return { ...info, external_data, data_location: 1 };
}

function attributeInfo([name, value]: [string, Attribute]): object {
  if (typeof value === "number") return { name, type: 2, i: value };
  if (typeof value === "string") return { name, type: 3, s: Buffer.from(value) };
  if ("float" in value) return { name, type: 1, f: value.float };
  if ("tensor" in value) return { name, type: 4, t: constantInfo(value.tensor) };
  return { name, type: 7, ints: value };
}

function tensorInfo({ name, shape, type = FLOAT }: Tensor): object {
  const dim = shape.map((size) => (typeof size === "number" ? { dim_value: size } : { dim_param: size }));
  return { name, type: { tensor_type: { elem_type: type, shape: { dim } } } };
}

/** The bytes of an ONNX file; operators of opset 17 unless another is asked for. */
export function onnxFile(graph: {
  nodes: readonly Node[];
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
  constants?: readonly Constant[];
  opset?: number;
}): Buffer {
  const { nodes, inputs, outputs, constants = [], opset = OPSET } = graph;
  const message = ModelProto.fromObject({
    ir_version: IR_VERSION,
    opset_import: [{ domain: "", version: opset }],
    graph: {
      name: "graph",
      node: nodes.map((node) => ({
        input: node.inputs,
        output: node.outputs,
        op_type: node.operator,
        attribute: Object.entries(node.attributes ?? {}).map(attributeInfo),
      })),
      initializer: constants.map(constantInfo),
      input: inputs.map(tensorInfo),
      output: outputs.map(tensorInfo),
    },
  });
  return Buffer.from(ModelProto.encode(message).finish());
}

/** Puts a graph together step by step; every method gives the name of what it made. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #constants: Constant[] = [];
  readonly #inputs: Tensor[] = [];
  readonly #outputs: Tensor[] = [];
  #made = 0;

  input(name: string, shape: readonly Dimension[], type: number = FLOAT): string {
    this.#inputs.push({ name, shape, type });
    return name;
  }

  /** Gives `value` out under a name of its own. */
  output(name: string, shape: readonly Dimension[], value: string, type: number = FLOAT): void {
    this.#outputs.push({ name, shape, type });
    this.#nodes.push({ operator: "Identity", inputs: [value], outputs: [name] });
  }

  /** One output of an operator. An input that is left out has the name "". */
  op(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.ops(operator, inputs, 1, attributes)[0];
  }

  /** All the outputs of an operator that has several. */
  ops(operator: string, inputs: readonly string[], count: number, attributes: Attributes = {}): string[] {
    const outputs = Array.from({ length: count }, () => this.#name(operator));
    this.#nodes.push({ operator, inputs, outputs, attributes });
    return outputs;
  }

  floats(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.constant({ shape, values });
  }

  float(value: number): string {
    return this.floats([value], []);
  }

  ints(...values: number[]): string {
    return this.constant({ shape: [values.length], values, type: INT64 });
  }

  constant(constant: Omit<Constant, "name">): string {
    const name = this.#name("constant");
    this.#constants.push({ ...constant, name });
    return name;
  }

  /** The bytes of the ONNX file. */
  file(opset = OPSET): Buffer {
    return onnxFile({
      nodes: this.#nodes,
      inputs: this.#inputs,
      outputs: this.#outputs,
      constants: this.#constants,
      opset,
    });
  }

  #name(kind: string): string {
    return `${kind}_${++this.#made}`;
  }
}

export const contractInputs: readonly Tensor[] = [
  { name: "image", shape: ["B", 3, 4, 6] },
  { name: "point_coords", shape: ["B", "N", 2] },
  { name: "point_labels", shape: ["B", "N"] },
];
export const contractOutputs: readonly Tensor[] = [{ name: "masks", shape: ["B", 1, 4, 6] }];

/** Fits the contract at 6 x 4 pixels, except for what is changed; its logits are one channel of the image. */
export function channelModel(channel: number, inputs: readonly Tensor[] = contractInputs): Buffer {
  const whole = (name: string, value: number) => ({ name, shape: [1], values: [value], type: INT64 });
  const constants = [whole("starts", channel), whole("ends", channel + 1), whole("axes", 1)];
  const nodes = [{ operator: "Slice", inputs: ["image", ...constants.map(({ name }) => name)], outputs: ["masks"] }];
  return onnxFile({ nodes, inputs, outputs: contractOutputs, constants });
}

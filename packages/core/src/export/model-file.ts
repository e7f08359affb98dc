import { ModelProto, type NodeMessage, type TensorMessage } from "../blackbox/onnx-schema.js";
import { ELEMENT_TYPE, type Element } from "./element.js";

/** IR version 8 and opset 17 belong together (ONNX 1.12, 2022): read by every runtime since. */
const IR_VERSION = 8;
const OPSET = 17;
const PRODUCER = "fedbaps";

/** AttributeProto.AttributeType */
const ATTRIBUTE = { float: 1, int: 2, ints: 7 } as const;

/** Of an operator: plain numbers are whole, lists are of whole numbers. */
export type Attribute = number | readonly number[] | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;

/** An operator with its one output. */
export interface NodeDescription {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Attributes;
}

export interface TensorInfo {
  readonly name: string;
  /** Sizes, or the names of those that are free. */
  readonly shape: readonly (number | string)[];
  readonly element: Element;
  /** For whoever looks at the file. */
  readonly meaning?: string;
}

/** A tensor whose values are part of the file. */
export interface ConstantInfo extends TensorInfo {
  /** The values, little-endian. */
  readonly bytes: Uint8Array;
}

/** What a graph says of itself. */
export interface GraphDescription {
  readonly name: string;
  /** For whoever looks at the file. */
  readonly meaning: string;
  /** Of the program that writes it. */
  readonly producerVersion: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ModelDescription extends GraphDescription {
  /** In the order of computation; messages are those of another file, written as they are. */
  readonly nodes: readonly (NodeDescription | NodeMessage)[];
  readonly constants: readonly (ConstantInfo | TensorMessage)[];
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** The bytes of an ONNX file (ModelProto of onnx.proto3). The same description gives the same bytes. */
export function encodeModel(model: ModelDescription): Uint8Array {
  const { name, meaning, producerVersion, nodes, constants, inputs, outputs, metadata } = model;
  const message = ModelProto.fromObject({
    ir_version: IR_VERSION,
    producer_name: PRODUCER,
    producer_version: producerVersion,
    doc_string: meaning,
    opset_import: [{ domain: "", version: OPSET }],
    metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name,
      node: nodes.map((node) => ("operator" in node ? nodeMessage(node) : node)),
      initializer: constants.map((constant) => ("element" in constant ? constantMessage(constant) : constant)),
      input: inputs.map(tensorMessage),
      output: outputs.map(tensorMessage),
    },
  });
  return Uint8Array.from(ModelProto.encode(message).finish());
}

/** What an ONNX file says of itself, by key; nothing for bytes that are none. */
export function readModelMetadata(bytes: Uint8Array): ReadonlyMap<string, string> {
  try {
    const { metadata_props: props = [] } = ModelProto.decode(bytes) as unknown as {
      readonly metadata_props?: readonly { readonly key: string; readonly value: string }[];
    };
    return new Map(props.map(({ key, value }) => [key, value]));
  } catch {
    return new Map();
  }
}

function nodeMessage({ operator, inputs, output, attributes }: NodeDescription): object {
  return {
    input: inputs,
    output: [output],
    name: output,
    op_type: operator,
    attribute: Object.entries(attributes).map(attributeMessage),
  };
}

function constantMessage({ name, shape, element, bytes }: ConstantInfo): object {
  return { name, dims: shape, data_type: ELEMENT_TYPE[element], raw_data: bytes };
}

function attributeMessage([name, value]: [string, Attribute]): object {
  if (typeof value === "number") return { name, type: ATTRIBUTE.int, i: value };
  if ("float" in value) return { name, type: ATTRIBUTE.float, f: value.float };
  return { name, type: ATTRIBUTE.ints, ints: value };
}

function tensorMessage({ name, shape, element, meaning = "" }: TensorInfo): object {
  const dim = shape.map((size) => (typeof size === "number" ? { dim_value: size } : { dim_param: size }));
  return { name, doc_string: meaning, type: { tensor_type: { elem_type: ELEMENT_TYPE[element], shape: { dim } } } };
}

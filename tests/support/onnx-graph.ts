// Writes tiny ONNX files: just enough of the protocol buffer format (onnx.proto3) for graphs with wrong names or
// shapes, and for one that answers with a colour channel of its own input.

export const FLOAT = 1;
export const UINT8 = 2;

/** A size, or the name of one that is free. */
export type Dimension = number | string;

export interface Tensor {
  readonly name: string;
  readonly shape: readonly Dimension[];
  readonly type?: number;
}

export interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are lists of whole numbers. */
  readonly lists?: Readonly<Record<string, readonly number[]>>;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

const number = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)]);

function bytes(field: number, content: string | Buffer): Buffer {
  const body = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
}

const message = (field: number, ...parts: readonly Buffer[]) => bytes(field, Buffer.concat(parts));

function tensorInfo(field: number, { name, shape, type = FLOAT }: Tensor): Buffer {
  const sizes = shape.map((size) => message(1, typeof size === "number" ? number(1, size) : bytes(2, size)));
  return message(field, bytes(1, name), message(2, message(1, number(1, type), message(2, ...sizes))));
}

function nodeInfo({ operator, inputs, outputs, lists = {} }: Node): Buffer {
  return message(
    1,
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    bytes(4, operator),
    ...Object.entries(lists).map(([name, values]) =>
      message(5, bytes(1, name), ...values.map((value) => number(8, value)), number(20, 7)),
    ),
  );
}

/** The bytes of an ONNX file, operators of opset 9. */
export function onnxFile(graph: {
  nodes: readonly Node[];
  inputs: readonly Tensor[];
  outputs: readonly Tensor[];
}): Buffer {
  const { nodes, inputs, outputs } = graph;
  return Buffer.concat([
    number(1, 4),
    message(8, bytes(1, ""), number(2, 9)),
    message(
      7,
      ...nodes.map(nodeInfo),
      bytes(2, "graph"),
      ...inputs.map((tensor) => tensorInfo(11, tensor)),
      ...outputs.map((tensor) => tensorInfo(12, tensor)),
    ),
  ]);
}

export const contractInputs: readonly Tensor[] = [
  { name: "image", shape: ["B", 3, 4, 6] },
  { name: "point_coords", shape: ["B", "N", 2] },
  { name: "point_labels", shape: ["B", "N"] },
];
export const contractOutputs: readonly Tensor[] = [{ name: "masks", shape: ["B", 1, 4, 6] }];

/** Fits the contract at 6 x 4 pixels; its logits are one channel of the image. */
export function channelModel(channel: number): Buffer {
  const lists = { axes: [1], starts: [channel], ends: [channel + 1] };
  const nodes = [{ operator: "Slice", inputs: ["image"], outputs: ["masks"], lists }];
  return onnxFile({ nodes, inputs: contractInputs, outputs: contractOutputs });
}

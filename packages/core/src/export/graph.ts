import type { GraphMessage, NodeMessage, TensorMessage } from "../blackbox/onnx-schema.js";
import { ELEMENT_TYPE, type Element } from "./element.js";
import {
  type Attributes,
  type ConstantInfo,
  encodeModel,
  type GraphDescription,
  type NodeDescription,
  type TensorInfo,
} from "./model-file.js";

/** What a node gives: its name in the graph, and what its elements are, so that the compiler sees a mix-up. */
export interface Value<E extends Element = Element> {
  readonly name: string;
  readonly element: E;
}

/** Of numbers: what arithmetic is done with. */
type Real = "float32" | "float64" | "int64";
type Operand<E extends Element> = Value<E> | number;

/**
 * Puts an ONNX graph together, operators of ai.onnx opset 17 only. Every method that adds a node gives the value that
 * the node makes; a plain number in arithmetic becomes a constant of the other side's type.
 */
export class Graph {
  readonly #nodes: (NodeDescription | NodeMessage)[] = [];
  readonly #parameters: (ConstantInfo | TensorMessage)[] = [];
  readonly #constants: ConstantInfo[] = [];
  readonly #inputs: TensorInfo[] = [];
  readonly #outputs: TensorInfo[] = [];
  #made = 0;

  /** @param shape sizes, or the names of those that are free. */
  input(name: string, shape: readonly (number | string)[], meaning: string): Value<"float32"> {
    this.#inputs.push({ name, shape, element: "float32", meaning });
    return { name, element: "float32" };
  }

  output(name: string, value: Value<"float32">, shape: readonly (number | string)[], meaning: string): void {
    this.#outputs.push({ name, shape, element: "float32", meaning });
    this.#nodes.push({ operator: "Identity", inputs: [value.name], output: name, attributes: {} });
  }

  /** A tensor that the file holds under a name of its own. */
  parameter(name: string, values: Float32Array, shape: readonly number[]): Value<"float32"> {
    this.#parameters.push({ name, shape, element: "float32", bytes: littleEndian(values, "float32") });
    return { name, element: "float32" };
  }

  /** A tensor of fixed values; equal ones are held once. @param shape default: a list */
  constant<E extends Real>(
    element: E,
    values: ArrayLike<number>,
    shape: readonly number[] = [values.length],
  ): Value<E> {
    const bytes = littleEndian(values, element);
    for (const known of this.#constants)
      if (known.element === element && known.shape.join() === shape.join() && Buffer.compare(known.bytes, bytes) === 0)
        return { name: known.name, element };
    const name = this.#name("constant");
    this.#constants.push({ name, shape, element, bytes });
    return { name, element };
  }

  scalar<E extends Real>(element: E, value: number): Value<E> {
    return this.constant(element, [value], []);
  }

  /** One output of an operator. */
  op<E extends Element>(element: E, operator: string, inputs: readonly Value[], attributes: Attributes = {}): Value<E> {
    const output = this.#name(operator);
    this.#nodes.push({ operator, inputs: inputs.map(({ name }) => name), output, attributes });
    return { name: output, element };
  }

  /**
   * All nodes and weights of another graph, whose operators must mean the same in opset 17.
   * @param prefix put before its names, so that they are nobody else's. @param given what its inputs get, by name.
   * @returns its output of that name.
   */
  include(
    prefix: string,
    { node = [], initializer = [] }: GraphMessage,
    given: Readonly<Record<string, Value>>,
  ): (output: string) => Value<"float32"> {
    // An empty name is an input that is left out.
    const renamed = (name: string) => (name === "" ? "" : (given[name]?.name ?? prefix + name));
    for (const tensor of initializer) this.#parameters.push({ ...tensor, name: renamed(tensor.name ?? "") });
    for (const { input = [], output = [], ...rest } of node) {
      const names = { name: renamed(output[0]), input: input.map(renamed), output: output.map(renamed) };
      this.#nodes.push({ ...rest, ...names });
    }
    return (output) => ({ name: renamed(output), element: "float32" });
  }

  add<E extends Real>(a: Value<E>, b: Operand<E>): Value<E> {
    return this.#binary("Add", a, b);
  }
  sub<E extends Real>(a: Value<E>, b: Operand<E>): Value<E> {
    return this.#binary("Sub", a, b);
  }
  mul<E extends Real>(a: Value<E>, b: Operand<E>): Value<E> {
    return this.#binary("Mul", a, b);
  }
  div<E extends Real>(a: Value<E>, b: Operand<E>): Value<E> {
    return this.#binary("Div", a, b);
  }
  min<E extends Real>(a: Value<E>, b: Operand<E>): Value<E> {
    return this.#binary("Min", a, b);
  }
  max<E extends Real>(a: Value<E>, b: Operand<E>): Value<E> {
    return this.#binary("Max", a, b);
  }
  matMul<E extends Real>(a: Value<E>, b: Value<E>): Value<E> {
    return this.#binary("MatMul", a, b);
  }
  abs<E extends Real>(a: Value<E>): Value<E> {
    return this.op(a.element, "Abs", [a]);
  }

  cast<E extends Element>(a: Value, element: E): Value<E> {
    return this.op(element, "Cast", [a], { to: ELEMENT_TYPE[element] });
  }
  /** The nearest float32, as a double: what storing a number in a Float32Array does to it. */
  stored(a: Value<"float64">): Value<"float64"> {
    return this.cast(this.cast(a, "float32"), "float64");
  }
  where<E extends Element>(condition: Value<"bool">, a: Value<E>, b: Value<E>): Value<E> {
    return this.op(a.element, "Where", [condition, a, b]);
  }
  /** @param shape as ONNX has it: -1 for what is left over. */
  reshape<E extends Element>(a: Value<E>, ...shape: readonly number[]): Value<E> {
    return this.op(a.element, "Reshape", [a, this.constant("int64", shape)]);
  }
  transpose<E extends Element>(a: Value<E>, ...perm: readonly number[]): Value<E> {
    return this.op(a.element, "Transpose", [a], { perm });
  }
  concat<E extends Element>(axis: number, ...parts: readonly Value<E>[]): Value<E> {
    return this.op(parts[0].element, "Concat", parts, { axis });
  }
  /** What lies at one index of an axis; the axis goes away. */
  at<E extends Element>(a: Value<E>, index: Value<"int64"> | number, axis = 0): Value<E> {
    return this.op(a.element, "Gather", [a, typeof index === "number" ? this.scalar("int64", index) : index], { axis });
  }
  /** 0, 1, ... up to before `length`, as a list. */
  range<E extends "float32" | "float64">(length: Value<"int64">, element: E): Value<E> {
    const [zero, one] = [this.scalar("int64", 0), this.scalar("int64", 1)];
    return this.cast(this.op("int64", "Range", [zero, length, one]), element);
  }

  /** The bytes of the ONNX file. */
  encode(description: GraphDescription): Uint8Array {
    return encodeModel({
      ...description,
      nodes: this.#nodes,
      constants: [...this.#parameters, ...this.#constants],
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }

  #binary<E extends Real>(operator: string, a: Value<E>, b: Operand<E>): Value<E> {
    return this.op(a.element, operator, [a, typeof b === "number" ? this.scalar(a.element, b) : b]);
  }

  #name(kind: string): string {
    return `${kind}_${++this.#made}`;
  }
}

function littleEndian(values: ArrayLike<number>, element: Real): Uint8Array {
  const size = element === "float32" ? 4 : 8;
  const view = new DataView(new ArrayBuffer(values.length * size));
  for (let i = 0; i < values.length; i++) {
    if (element === "float32") view.setFloat32(i * size, values[i], true);
    else if (element === "float64") view.setFloat64(i * size, values[i], true);
    else view.setBigInt64(i * size, BigInt(values[i]), true);
  }
  return new Uint8Array(view.buffer);
}

import { BlackBoxError } from "../model.js";
import type { ElementType, Tensor, TensorData } from "../tensor.js";
import { elementsOf } from "./datatypes.js";

/**
 * The elements of a tensor as one flat JSON array (section "Tensor Data"): float32 values exactly, the sign of zero kept.
 * @throws BlackBoxError BLACKBOX_INPUT for values that JSON has no writing for: NaN and the infinities.
 */
export function jsonOf(name: string, { type, data }: Tensor): string {
  if (type === "float16") throw noFloat16(name);
  if (!(data instanceof Float32Array)) return `[${data.join(",")}]`;
  let negativeZero = false;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i]))
      throw new BlackBoxError(
        "BLACKBOX_INPUT",
        `${name} holds ${data[i]}, which JSON cannot carry: the pictures must hold finite numbers (or set encoding=binary)`,
      );
    if (data[i] === 0 && Object.is(data[i], -0)) negativeZero = true;
  }
  // The shortest writing of the double that equals the float32 value is read back as the same value; "0" of -0 is not.
  if (!negativeZero) return `[${data.join(",")}]`;
  return `[${Array.from(data, (value) => (Object.is(value, -0) ? "-0" : String(value))).join(",")}]`;
}

/** float16 has no JSON form in the protocol. */
export function noFloat16(name: string): BlackBoxError {
  return new BlackBoxError(
    "BLACKBOX_CONTRACT",
    `${name} is FP16, which the protocol cannot write as JSON: set encoding=binary if the server has the binary tensor extension, or serve the model with FP32`,
  );
}

/**
 * Elements out of JSON that came: one flat array, or nested as the shape says (section "Tensor Data").
 * @throws BlackBoxError BLACKBOX_CONTRACT when their number, their nesting or a value does not fit.
 */
export function elementsFromJson(
  type: ElementType,
  shape: readonly number[],
  value: unknown,
  where: string,
): TensorData {
  if (type === "float16") throw noFloat16(where);
  const elements = elementsOf(shape, where);
  if (!Array.isArray(value)) throw new BlackBoxError("BLACKBOX_CONTRACT", `${where} came without data`);
  const flat = Array.isArray(value[0]) ? flatten(value, shape, where) : value;
  if (flat.length !== elements)
    throw new BlackBoxError(
      "BLACKBOX_CONTRACT",
      `${where} came with ${flat.length} values where its shape [${shape.join(",")}] has ${elements}`,
    );
  for (let i = 0; i < flat.length; i++)
    if (!fits(type, flat[i]))
      throw new BlackBoxError("BLACKBOX_CONTRACT", `${where} holds a value that is no ${type} (place ${i})`);
  return arrayOf(type, flat as number[]);
}

/** Nested arrays, each as long as the shape says, into one. */
function flatten(value: readonly unknown[], shape: readonly number[], where: string): readonly unknown[] {
  let level = value;
  let fits = level.length === shape[0];
  for (const size of shape.slice(1)) {
    const next: unknown[] = [];
    for (const item of level) {
      fits &&= Array.isArray(item) && item.length === size;
      if (!fits) break;
      for (const inner of item as unknown[]) next.push(inner);
    }
    level = next;
  }
  if (fits) return level;
  throw new BlackBoxError(
    "BLACKBOX_CONTRACT",
    `${where} came nested otherwise than its shape [${shape.join(",")}] says`,
  );
}

/** Whole numbers beyond 2^53 are not exact in JSON as JavaScript reads it; they count as not fitting. */
function fits(type: ElementType, value: unknown): boolean {
  if (typeof value !== "number") return false;
  switch (type) {
    case "float32":
      return Number.isFinite(Math.fround(value));
    case "uint8":
      return Number.isInteger(value) && value >= 0 && value <= 0xff;
    case "int32":
      return value === (value | 0);
    default:
      return Number.isSafeInteger(value);
  }
}

function arrayOf(type: Exclude<ElementType, "float16">, values: readonly number[]): TensorData {
  switch (type) {
    case "float32":
      return Float32Array.from(values);
    case "uint8":
      return Uint8Array.from(values);
    case "int32":
      return Int32Array.from(values);
    case "int64":
      return BigInt64Array.from(values, BigInt);
  }
}

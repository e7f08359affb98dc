import { z } from "zod";
import { BlackBoxError } from "../model.js";
import type { ElementType, Tensor, Tensors } from "../tensor.js";
import { bytesOf, datatypeOf, elementsOf, elementTypeOf, readElements, writeElements } from "./datatypes.js";
import { elementsFromJson, jsonOf } from "./json-data.js";
import type { OipEncoding } from "./settings.js";

/** Header that says how many bytes of a body are JSON; binary tensors follow ("Binary Tensor Data Extension"). */
export const HEADER_LENGTH = "inference-header-content-length";

/** An inference request as it goes out. */
export interface EncodedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An output that is wanted, with the type that the model's metadata announces where it does. */
export interface WantedOutput {
  readonly name: string;
  readonly type: ElementType | undefined;
}

/**
 * Writes an inference request (Open Inference Protocol v2, section "Inference Request JSON Object").
 * @throws BlackBoxError BLACKBOX_CONTRACT for float16 as JSON; BLACKBOX_INPUT for numbers that JSON cannot carry.
 */
export function encodeRequest(feeds: Tensors, outputs: readonly string[], encoding: OipEncoding): EncodedRequest {
  return encoding === "binary" ? encodeBinary(feeds, outputs) : encodeJson(feeds, outputs);
}

function encodeJson(feeds: Tensors, outputs: readonly string[]): EncodedRequest {
  const inputs = Object.entries(feeds).map(([name, tensor]) => {
    // The data last, as text: building arrays of numbers first would take several times the memory.
    const head = JSON.stringify(describe(name, tensor));
    return `${head.slice(0, -1)},"data":${jsonOf(name, tensor)}}`;
  });
  const wanted = JSON.stringify(outputs.map((name) => ({ name })));
  const body = Buffer.from(`{"inputs":[${inputs.join(",")}],"outputs":${wanted}}`);
  return { headers: { "content-type": "application/json" }, body };
}

function encodeBinary(feeds: Tensors, outputs: readonly string[]): EncodedRequest {
  const tensors = Object.entries(feeds);
  const header = Buffer.from(
    JSON.stringify({
      inputs: tensors.map(([name, tensor]) => ({
        ...describe(name, tensor),
        parameters: { binary_data_size: tensor.data.byteLength },
      })),
      outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })),
    }),
  );
  const body = Buffer.allocUnsafe(tensors.reduce((sum, [, { data }]) => sum + data.byteLength, header.length));
  body.set(header);
  let at = header.length;
  for (const [, { data }] of tensors) {
    writeElements(data, body, at);
    at += data.byteLength;
  }
  return {
    headers: { "content-type": "application/octet-stream", [HEADER_LENGTH]: String(header.length) },
    body,
  };
}

function describe(name: string, { type, shape }: Tensor) {
  return { name, shape, datatype: datatypeOf(type) };
}

const outputSchema = z.object({
  name: z.string(),
  shape: z.array(z.number()),
  datatype: z.string(),
  parameters: z.object({ binary_data_size: z.int().min(0).nullish() }).nullish(),
  // Checked element by element when it is read: it may hold millions.
  data: z.unknown().optional(),
});
const answerSchema = z.object({ outputs: z.array(outputSchema) });
type Output = z.infer<typeof outputSchema>;

/**
 * Reads an inference answer (section "Inference Response JSON Object"), JSON and binary tensors side by side. Nothing
 * that it says of itself is believed: lengths must add up to the last byte.
 * @param headerLength the answer's header of that name. @param where whose answer, for messages.
 * @returns the wanted outputs, in arrays of their own.
 * @throws BlackBoxError BLACKBOX_CONTRACT
 */
export function decodeAnswer(
  body: Uint8Array,
  headerLength: string | undefined,
  wanted: readonly WantedOutput[],
  where: string,
): Tensors {
  const length = jsonLength(body, headerLength, where);
  const { outputs } = parseJson(answerSchema, body.subarray(0, length), where);
  const found = new Map<string, Tensor>();
  let at = length;
  for (const output of outputs) {
    const size = output.parameters?.binary_data_size ?? undefined;
    const end = at + (size ?? 0);
    if (end > body.length) throw broken(where, `${show(output.name)} is said to have ${size} bytes, more than came`);
    const expected = wanted.find(({ name }) => name === output.name);
    if (expected) {
      if (found.has(output.name)) throw broken(where, `${show(output.name)} came twice`);
      found.set(
        output.name,
        readOutput(output, expected, size === undefined ? undefined : body.subarray(at, end), where),
      );
    }
    at = end;
  }
  if (at !== body.length) throw broken(where, `${body.length - at} bytes are left over`);
  const missing = wanted.find(({ name }) => !found.has(name));
  if (missing) throw broken(where, `the output ${show(missing.name)} is missing`);
  return Object.fromEntries(found);
}

function jsonLength(body: Uint8Array, headerLength: string | undefined, where: string): number {
  if (headerLength === undefined) return body.length;
  const length = /^\d{1,15}$/.test(headerLength.trim()) ? Number(headerLength) : Number.NaN;
  if (!(length <= body.length))
    throw broken(where, `its JSON is said to have ${show(headerLength)} bytes, the whole has ${body.length}`);
  return length;
}

function readOutput(output: Output, expected: WantedOutput, bytes: Uint8Array | undefined, where: string): Tensor {
  const { name, shape, datatype } = output;
  const place = `the output ${show(name)} of ${where}`;
  const type = elementTypeOf(datatype);
  if (type === undefined || type !== (expected.type ?? type)) {
    const announced = expected.type === undefined ? "a type that can be read" : datatypeOf(expected.type);
    throw broken(where, `the output ${show(name)} came as ${show(datatype)} where ${announced} was expected`);
  }
  const elements = elementsOf(shape, place);
  if (bytes === undefined) return { type, shape, data: elementsFromJson(type, shape, output.data, place) };
  if (bytes.length !== elements * bytesOf(type))
    throw broken(where, `${show(name)} ${datatype} [${shape.join(",")}] came with ${bytes.length} bytes`);
  return { type, shape, data: readElements(type, bytes) };
}

/**
 * JSON that a server sent.
 * @throws BlackBoxError BLACKBOX_CONTRACT when it is none, or not what the protocol says.
 */
export function parseJson<Value>(schema: z.ZodType<Value>, body: Uint8Array, where: string): Value {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw broken(where, "it is not JSON");
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw broken(where, `${show(issue.path.join(".") || "it")}: ${issue.message}`);
}

function broken(where: string, what: string): BlackBoxError {
  const message = `the answer of ${where} does not follow the Open Inference Protocol: ${what}`;
  return new BlackBoxError("BLACKBOX_CONTRACT", message);
}

/** What a server wrote, short and on one line. */
function show(text: string): string {
  return text.slice(0, 80).replace(/[^\x20-\x7e]/g, "?");
}

import { z } from "zod";
import { DecoderError, type ParameterLayout } from "./parameters.js";

/**
 * The safetensors format (version 0.x of its public description): 8 bytes length of the header (little-endian), the
 * header as JSON (`name -> {dtype, shape, data_offsets}`, `__metadata__` of strings), then the tensors' bytes.
 */
const headerSchema = z.record(
  z.string(),
  z.union([
    z.strictObject({
      dtype: z.literal("F32"),
      shape: z.array(z.number().int().min(0)),
      data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]),
    }),
    z.record(z.string(), z.string()),
  ]),
);

const MAX_HEADER_BYTES = 1_000_000;

/** One tensor per layout entry, in order, and the given metadata. */
export function writeSafetensors(
  theta: Float32Array,
  layout: ParameterLayout,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  layout.check(theta);
  const tensors = layout.entries.map(({ name, shape, offset, size }) => [
    name,
    { dtype: "F32", shape, data_offsets: [offset * 4, (offset + size) * 4] },
  ]);
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(tensors) });
  // Padded with spaces so that the tensors begin at a multiple of eight bytes.
  const header = new TextEncoder().encode(json + " ".repeat((8 - (Buffer.byteLength(json) % 8)) % 8));
  const out = new Uint8Array(8 + header.length + theta.length * 4);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(header.length), true);
  out.set(header, 8);
  for (let i = 0; i < theta.length; i++) view.setFloat32(8 + header.length + 4 * i, theta[i], true);
  return out;
}

/**
 * The metadata alone, to learn which layout the rest has.
 * @throws DecoderError DECODER_FILE
 */
export function readSafetensorsMetadata(bytes: Uint8Array): Record<string, string> {
  const metadata = readHeader(bytes).header.__metadata__ ?? {};
  return metadata as Record<string, string>;
}

/**
 * The flat parameters; every tensor of the layout must be there with its shape, and nothing else.
 * @throws DecoderError DECODER_FILE
 */
export function readSafetensors(bytes: Uint8Array, layout: ParameterLayout): Float32Array {
  const { header, start } = readHeader(bytes);
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  if (names.length !== layout.entries.length)
    fail(`it has ${names.length} tensors, the decoder ${layout.entries.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const theta = new Float32Array(layout.length);
  for (const { name, shape, offset, size } of layout.entries) {
    const tensor = header[name];
    if (!tensor || !("dtype" in tensor) || !Array.isArray(tensor.data_offsets) || !Array.isArray(tensor.shape))
      return fail(`it lacks the tensor ${name}`);
    const [begin, end] = tensor.data_offsets;
    if (tensor.shape.join() !== shape.join())
      fail(`its tensor ${name} has shape [${tensor.shape}], the decoder's has [${shape}]`);
    if (end - begin !== size * 4 || end > layout.length * 4 || start + layout.length * 4 !== bytes.length)
      fail("it is cut off or damaged: its length is not what its header says");
    for (let i = 0; i < size; i++) theta[offset + i] = view.getFloat32(start + begin + 4 * i, true);
  }
  layout.check(theta);
  return theta;
}

function readHeader(bytes: Uint8Array): { header: z.infer<typeof headerSchema>; start: number } {
  if (bytes.length < 8) fail("it is too short");
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > bytes.length) fail("its header is longer than the file or than 1 MB");
  try {
    const header = headerSchema.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))));
    return { header, start: 8 + length };
  } catch {
    return fail("its header is not what safetensors files have, or its tensors are not float32");
  }
}

function fail(why: string): never {
  throw new DecoderError("DECODER_FILE", `not a decoder file: ${why}`);
}

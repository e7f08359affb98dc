import { createRequire } from "node:module";

// The full builds of the codecs whose decoders are used; as text, so that no types are looked for.
const require = createRequire(import.meta.url);
const PACKAGES = {
  "jpeg-ls": ["@cornerstonejs/codec-charls/wasmjs", "JpegLSEncoder"],
  "jpeg-2000": ["@cornerstonejs/codec-openjpeg/wasmjs", "J2KEncoder"],
  htj2k: ["@cornerstonejs/codec-openjph", "HTJ2KEncoder"],
} as const;

interface Encoder {
  getDecodedBuffer(info: object): Uint8Array;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
  setNearLossless?(bound: number): void;
  setInterleaveMode?(mode: number): void;
  setQuality?(reversible: boolean, step: number): void;
  setDecompositions?(levels: number): void;
  delete(): void;
}

const loaded = new Map<string, Promise<Record<string, new () => Encoder>>>();

/** Compresses a frame without loss. @param values grey, or colours interleaved */
export async function encodeWith(
  codec: keyof typeof PACKAGES,
  values: Uint8Array | Uint16Array | Int16Array,
  {
    width,
    height,
    bits,
    colours = 1,
    signed = false,
  }: { width: number; height: number; bits: number; colours?: number; signed?: boolean },
): Promise<Uint8Array> {
  const [name, type] = PACKAGES[codec];
  let module = loaded.get(name);
  if (!module) {
    module = require(name)({ print: () => {}, printErr: () => {} }) as Promise<Record<string, new () => Encoder>>;
    loaded.set(name, module);
  }
  const encoder = new (await module)[type]();
  encoder.setNearLossless?.(0);
  // The colours of a pixel together.
  encoder.setInterleaveMode?.(colours > 1 ? 2 : 0);
  encoder.setQuality?.(true, 0);
  // More would not fit into pictures as small as the tests'.
  encoder.setDecompositions?.(2);
  const info = {
    width,
    height,
    bitsPerSample: bits,
    componentCount: colours,
    isSigned: signed,
    isUsingColorTransform: colours > 1,
  };
  encoder.getDecodedBuffer(info).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  encoder.encode();
  const bytes = Uint8Array.from(encoder.getEncodedBuffer());
  encoder.delete();
  return bytes;
}

/// <reference path="./untyped.d.ts" />
import { interleave } from "../samples.js";
import type { JpegHeader } from "./jpeg-markers.js";
import { type Decoded, lazily, runDecoder } from "./wasm-codec.js";

/** End of image: CharLS never comes back from data that end without one. Behind the picture's own it is not looked at. */
const END = Uint8Array.of(0xff, 0xd9);

const codec = lazily(async () => (await import("@cornerstonejs/codec-charls/decodewasmjs")).default);

/** Decodes JPEG-LS with CharLS. @returns colours interleaved. @throws CodecError */
export async function decodeJpegLs(bytes: Uint8Array, header: JpegHeader): Promise<Decoded> {
  const whole = Buffer.concat([bytes, END]);
  const decoded = await codec(({ JpegLSDecoder }) => runDecoder(() => new JpegLSDecoder(), whole));
  if (decoded.frame.componentCount !== 3) return decoded;
  // The interleave mode follows the near-lossless bound in the scan's header: 0 is one plane after another.
  const count = bytes[header.scan + 2];
  const mode = bytes[header.scan + 3 + 2 * count + 1];
  return mode === 0 ? { ...decoded, samples: interleave(decoded.samples) } : decoded;
}

/// <reference path="./untyped.d.ts" />
import { CodecError } from "./codec-error.js";
import { type Decoded, lazily, runDecoder } from "./wasm-codec.js";

/** What the main header of a JPEG 2000 codestream says (ISO/IEC 15444-1 Annex A). */
export interface Jpeg2000Header {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Whether the colours were transformed (RCT or ICT); decoders give RGB back. */
  readonly transformed: boolean;
}

const codec = lazily(async () => (await import("@cornerstonejs/codec-openjpeg/decodewasmjs")).default);

/** Where the codestream begins: at once, or within a JP2 file. */
function codestream(bytes: Uint8Array): number {
  if (bytes[0] === 0xff && bytes[1] === 0x4f) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x6a703263) return at + 8;
    if (length < 8) break;
    at += length;
  }
  throw new CodecError("no JPEG 2000 data");
}

/** @throws CodecError */
export function readJpeg2000Header(bytes: Uint8Array): Jpeg2000Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = codestream(bytes) + 2;
  let size: Omit<Jpeg2000Header, "transformed"> | undefined;
  while (at + 4 <= bytes.length) {
    const marker = view.getUint16(at);
    const length = view.getUint16(at + 2);
    const data = at + 4;
    if (length < 2 || data + length - 2 > bytes.length) break;
    if (marker === 0xff51 && length >= 38)
      size = {
        width: view.getUint32(data + 2) - view.getUint32(data + 10),
        height: view.getUint32(data + 6) - view.getUint32(data + 14),
        components: view.getUint16(data + 34),
      };
    if (marker === 0xff52 && size) return { ...size, transformed: bytes[data + 4] === 1 };
    at += 2 + length;
  }
  throw new CodecError("JPEG 2000 header damaged or cut short");
}

/** Decodes JPEG 2000 and its high-throughput form with OpenJPEG. @throws CodecError */
export async function decodeJpeg2000(bytes: Uint8Array): Promise<Decoded> {
  return await codec(({ J2KDecoder }) => runDecoder(() => new J2KDecoder(), bytes));
}

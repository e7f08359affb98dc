// Packages that come without types: what is used of them.
declare module "@cornerstonejs/codec-openjpeg/decodewasmjs" {
  const factory: (settings: object) => Promise<{ J2KDecoder: new () => import("./wasm-codec.js").WasmDecoder }>;
  export default factory;
}

declare module "@cornerstonejs/codec-charls/decodewasmjs" {
  const factory: (settings: object) => Promise<{ JpegLSDecoder: new () => import("./wasm-codec.js").WasmDecoder }>;
  export default factory;
}

declare module "jpeg-lossless-decoder-js" {
  export class Decoder {
    decode(bytes: ArrayBuffer, offset: number, length: number, bytesPerSample: 1 | 2): Uint8Array | Uint16Array | null;
    readonly stream: { readonly buffer: Uint8Array; readonly index: number } | null;
    /** The row that comes next. */
    readonly yLoc: number;
  }
}

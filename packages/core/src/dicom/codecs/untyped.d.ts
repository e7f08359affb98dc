// Packages that come without types: what is used of them.
declare module "@cornerstonejs/codec-openjpeg/decodewasmjs" {
  const factory: (settings: object) => Promise<{ J2KDecoder: new () => import("./wasm-codec.js").WasmDecoder }>;
  export default factory;
}

declare module "@cornerstonejs/codec-charls/decodewasmjs" {
  const factory: (settings: object) => Promise<{ JpegLSDecoder: new () => import("./wasm-codec.js").WasmDecoder }>;
  export default factory;
}

import { messageOf } from "../../common/errors.js";
import { CodecError } from "./codec-error.js";

/** A decoder of the CornerstoneJS WebAssembly builds. */
export interface WasmDecoder {
  getEncodedBuffer(size: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): WasmFrame;
  delete(): void;
}

/** What the compressed stream says of itself. */
export interface WasmFrame {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  readonly isSigned: boolean;
}

/** Decoded samples: 8 bits where these are enough, else 16; as the stream has them, signed or not. */
export interface Decoded {
  readonly samples: Uint8Array | Uint16Array;
  readonly frame: WasmFrame;
}

/**
 * Runs a decoder over a frame, and frees what it took whatever happens.
 * @throws CodecError
 */
export function runDecoder(make: () => WasmDecoder, bytes: Uint8Array): Decoded {
  let decoder: WasmDecoder | undefined;
  try {
    decoder = make();
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const frame = decoder.getFrameInfo();
    // A copy: the next frame reuses the memory.
    const samples = decoder.getDecodedBuffer().slice();
    const wide = frame.bitsPerSample > 8;
    const expected = frame.width * frame.height * frame.componentCount * (wide ? 2 : 1);
    if (expected === 0 || samples.length !== expected) throw new CodecError("compressed data damaged or cut short");
    return { samples: wide ? new Uint16Array(samples.buffer) : samples, frame };
  } catch (error) {
    if (error instanceof CodecError) throw error;
    // C++ exceptions come out as the address of an object.
    const reason = typeof error === "number" ? "compressed data damaged or cut short" : messageOf(error);
    throw new CodecError(reason.split("\n")[0], { cause: error });
  } finally {
    try {
      decoder?.delete();
    } catch {
      // After a fault within the decoder there may be nothing left to free.
    }
  }
}

/**
 * A codec that is loaded when it is first needed, and kept. It reports to nobody: these builds write to the console, which
 * belongs to the program's own output. After a fault of the machine code (not an error that it reports) its memory cannot
 * be trusted, and the next picture gets a fresh one.
 */
export function lazily<M>(
  load: () => Promise<(settings: object) => Promise<M>>,
): <T>(use: (module: M) => T) => Promise<T> {
  let module: Promise<M> | undefined;
  return async (use) => {
    module ??= load().then((factory) => factory({ print: () => {}, printErr: () => {} }));
    try {
      return use(await module);
    } catch (error) {
      // By name: the class differs between realms.
      if (((error as Error).cause as Error | undefined)?.name === "RuntimeError") module = undefined;
      throw error;
    }
  };
}

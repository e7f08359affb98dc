import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { messageOf } from "../common/errors.js";
import { sha256Hex } from "../common/hash.js";
import { BlackBoxError } from "./model.js";
import { externalFiles, withoutWeights } from "./onnx-file.js";
import { type GraphMessage, readModelMessage } from "./onnx-schema.js";

/** What an ONNX file says of itself. */
export interface OnnxContents {
  /** SHA-256, in hex, of the file and of the files beside it that hold its weights. */
  readonly identity: string;
  /** Operators and constants, without the weights. */
  readonly source: GraphMessage;
  /** Of all these files together. */
  readonly bytes: number;
}

/**
 * Reads an ONNX file and those beside it, and keeps nothing but what they say of themselves.
 * @throws BlackBoxError BLACKBOX_FILE when one cannot be read or the first is no ONNX graph.
 */
export async function readOnnxContents(file: string): Promise<OnnxContents> {
  const { source, externals, ...own } = await inspect(file);
  const hashes = [own.hash];
  let { bytes } = own;
  for (const external of externals) {
    const beside = await hashOf(resolve(dirname(file), external));
    hashes.push(beside.hash);
    bytes += beside.bytes;
  }
  return { identity: hashes.length === 1 ? own.hash : sha256Hex(hashes.join("\n")), source, bytes };
}

async function inspect(file: string) {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  if (bytes.length === 0) throw new BlackBoxError("BLACKBOX_FILE", `${file} is empty`);
  const graph = parse(file, bytes);
  const externals = externalFiles(graph);
  return { hash: sha256Hex(bytes), source: withoutWeights(graph), externals, bytes: bytes.length };
}

/** Of a file of any size: weights beside a graph may have several gigabytes. */
async function hashOf(file: string): Promise<{ hash: string; bytes: number }> {
  const hash = createHash("sha256");
  const stream = createReadStream(file);
  try {
    await pipeline(stream, hash);
  } catch (error) {
    throw unreadable(file, error);
  }
  return { hash: hash.digest("hex"), bytes: stream.bytesRead };
}

function unreadable(file: string, error: unknown): BlackBoxError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : messageOf(error);
  return new BlackBoxError("BLACKBOX_FILE", `cannot read the black box ${file}: ${why}`);
}

function parse(file: string, bytes: Uint8Array): GraphMessage {
  try {
    return readModelMessage(bytes);
  } catch (error) {
    throw new BlackBoxError("BLACKBOX_FILE", `${file} is not an ONNX graph`, {}, { cause: error });
  }
}

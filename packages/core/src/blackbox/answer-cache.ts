import { mkdir, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { writeFileAtomic } from "../common/atomic-file.js";
import { asBytes } from "../common/bytes.js";
import { canonicalJson, sha256, sha256Hex } from "../common/hash.js";
import type { Image, ProbabilityMap } from "../image/image.js";
import type { Prompt } from "./model.js";

const MAGIC = "FBA1";
const DIGEST_BYTES = 32;
const HEADER_BYTES = MAGIC.length + 8 + DIGEST_BYTES;
const FILE = /^[0-9a-f]{64}\.answer$/;
/** Looked over again only after so much more was written. */
const PRUNE_SHARE = 0.1;

export interface AnswerCacheInit {
  /** Bytes of answers kept in memory. */
  readonly memoryBytes: number;
  /** Where answers outlive the process; absent: nowhere. Its files hold masks, so it belongs into the site's home. */
  readonly folder?: string;
  /** Bytes of answers kept in the folder; those used longest ago go first. */
  readonly diskBytes?: number;
}

/** What names an answer: the black box's identity, the picture's bytes and the prompt. */
export function answerKey(identity: string, image: Image, prompt: Prompt): string {
  const { width, height, channels, data } = image;
  const { points, box } = prompt;
  return sha256Hex(canonicalJson({ identity, width, height, channels, points, box }), "\n", asBytes(data));
}

/**
 * Answers of black boxes, to be looked up before asking again: in memory under a limit, and in a folder under another.
 * A file that was cut off or altered is a miss, and is removed. Where the folder cannot be written to, the memory remains.
 */
export class AnswerCache {
  readonly #memory: LRUCache<string, ProbabilityMap>;
  readonly #init: AnswerCacheInit;
  /** Bytes in the folder as far as known; undefined until it is looked over. */
  #onDisk: number | undefined;

  constructor(init: AnswerCacheInit) {
    this.#init = init;
    this.#memory = new LRUCache({
      maxSize: Math.max(1, init.memoryBytes),
      sizeCalculation: ({ data }) => Math.max(1, data.byteLength),
    });
  }

  /** A copy of the answer under a key of `answerKey`. */
  async get(key: string): Promise<ProbabilityMap | undefined> {
    const map = this.#memory.get(key) ?? (await this.#read(key));
    if (!map) return undefined;
    this.#memory.set(key, map);
    return { ...map, data: map.data.slice() };
  }

  async set(key: string, map: ProbabilityMap): Promise<void> {
    const kept = { ...map, data: map.data.slice() };
    this.#memory.set(key, kept);
    await this.#write(key, kept);
  }

  async #read(key: string): Promise<ProbabilityMap | undefined> {
    if (this.#init.folder === undefined) return undefined;
    const file = this.#file(key);
    let bytes: Buffer;
    try {
      bytes = await readFile(file);
    } catch {
      return undefined;
    }
    const map = decode(bytes);
    const now = new Date();
    await (map ? utimes(file, now, now) : rm(file, { force: true })).catch(() => {});
    return map;
  }

  async #write(key: string, map: ProbabilityMap): Promise<void> {
    const { folder, diskBytes = Number.POSITIVE_INFINITY } = this.#init;
    const bytes = encode(map);
    if (folder === undefined || bytes.length > diskBytes) return;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFileAtomic(this.#file(key), bytes, 0o600, false);
      this.#onDisk = this.#onDisk === undefined ? undefined : this.#onDisk + bytes.length;
      if (this.#onDisk === undefined || this.#onDisk > diskBytes) await this.#prune(folder, diskBytes);
    } catch {
      // A full or read-only disk costs queries, not the run.
    }
  }

  async #prune(folder: string, limit: number): Promise<void> {
    const names = (await readdir(folder)).filter((name) => FILE.test(name));
    const files = await Promise.all(
      names.map(async (name) => {
        const { size, mtimeMs } = await stat(join(folder, name));
        return { file: join(folder, name), size, mtimeMs };
      }),
    );
    let total = files.reduce((sum, { size }) => sum + size, 0);
    if (total > limit)
      for (const { file, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
        if (total <= limit * (1 - PRUNE_SHARE)) break;
        await rm(file, { force: true });
        total -= size;
      }
    this.#onDisk = total;
  }

  #file(key: string): string {
    return join(this.#init.folder ?? "", `${key}.answer`);
  }
}

function encode({ width, height, data }: ProbabilityMap): Buffer {
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32LE(width, 0);
  sizes.writeUInt32LE(height, 4);
  const values = asBytes(data);
  return Buffer.concat([Buffer.from(MAGIC), sizes, sha256(sizes, values), values]);
}

function decode(bytes: Buffer): ProbabilityMap | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const sizes = bytes.subarray(MAGIC.length, MAGIC.length + 8);
  const digest = bytes.subarray(MAGIC.length + 8, HEADER_BYTES);
  const values = bytes.subarray(HEADER_BYTES);
  const [width, height] = [sizes.readUInt32LE(0), sizes.readUInt32LE(4)];
  if (values.length !== width * height * 4 || !digest.equals(sha256(sizes, values))) return undefined;
  // Copied: the view must begin at a multiple of four.
  return { width, height, data: new Float32Array(new Uint8Array(values).buffer) };
}

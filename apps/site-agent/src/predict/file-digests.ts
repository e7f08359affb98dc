import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { messageOf } from "@fedbaps/core/common/errors.js";
import { ImageError } from "@fedbaps/core/image/errors.js";

/** SHA-256 of files, each read once while it stays the same: a volume of which every slice is asked for is large. */
export class FileDigests {
  readonly #known = new Map<string, string>();

  /** @throws ImageError IMAGE_UNREADABLE */
  async of(path: string): Promise<string> {
    try {
      return await this.#read(path);
    } catch (error) {
      throw new ImageError(
        "IMAGE_UNREADABLE",
        `${path}: cannot be read (${messageOf(error)}); check the path and the rights`,
      );
    }
  }

  async #read(path: string): Promise<string> {
    const { size, mtimeMs } = await stat(path);
    const name = `${path}\n${size}\n${mtimeMs}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    const digest = hash.digest("hex");
    this.#known.set(name, digest);
    return digest;
  }
}

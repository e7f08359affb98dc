import { createHmac } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { replaceFile } from "../common/atomic-file.js";
import { canonicalJson } from "../common/hash.js";
import { pairOf } from "../nifti/pair.js";
import { type Figures, figuresSchema } from "./figures.js";

/** Raised whenever reading changes: what older versions found no longer counts. */
const SCHEMA = 1;
/** Some 40 MB of text; what was used longest ago goes first. */
const MOST = 200_000;

const fileSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  found: z.record(z.string(), z.union([figuresSchema, z.array(z.number().int().min(0))])),
});

/** The files that a volume's path stands for: its voxels may lie in a second one. */
function partsOf(path: string): string[] {
  const pair = pairOf(path);
  return pair ? [pair.hdr, pair.img] : [path];
}

type Finding = Figures | readonly number[];

/**
 * What was found of files that have not changed since (same size and time of change): so a thousand good pictures need not
 * be read at every start. Holds figures only, under names made with the site's salt; never a problem, whose text could
 * name a file.
 */
export class KeptFindings {
  #changed = false;

  private constructor(
    private readonly file: string,
    private readonly salt: Uint8Array,
    private readonly found: Map<string, Finding>,
    private readonly believed: boolean,
  ) {}

  /**
   * Whatever is wrong with the file, it is as if it were not there: everything can be found again.
   * @param believed false to find everything anew, and keep it
   */
  static async open(file: string, salt: Uint8Array, believed = true): Promise<KeptFindings> {
    try {
      const { found } = fileSchema.parse(JSON.parse(await readFile(file, "utf8")));
      return new KeptFindings(file, salt, new Map(Object.entries(found)), believed);
    } catch {
      return new KeptFindings(file, salt, new Map(), believed);
    }
  }

  /** Figures of a case, if its files are as they were. @param what its sources, with all that decides how they are read */
  async figures(paths: readonly string[], what: unknown, look: () => Promise<Figures>): Promise<Figures> {
    return this.#find(paths, ["figures", what], (kept) => figuresSchema.safeParse(kept).data, look);
  }

  /** Chosen slices of a label map. */
  async slices(paths: readonly string[], what: unknown, look: () => Promise<number[]>): Promise<number[]> {
    return this.#find(paths, ["slices", what], (kept) => (Array.isArray(kept) ? kept : undefined), look);
  }

  /** Writes what is new, whole or not at all. Failing to is no failure: it only costs time again. */
  async save(): Promise<void> {
    if (!this.#changed) return;
    const entries = [...this.found].slice(-MOST);
    const text = JSON.stringify({ schema: SCHEMA, found: Object.fromEntries(entries) });
    await replaceFile(this.file, text, 0o600, false).then(
      () => {
        this.#changed = false;
      },
      () => {},
    );
  }

  async #find<T extends Finding>(
    paths: readonly string[],
    what: unknown,
    as: (kept: Finding | undefined) => T | undefined,
    look: () => Promise<T>,
  ): Promise<T> {
    const key = await this.#key(paths, what);
    const known = key === undefined || !this.believed ? undefined : as(this.found.get(key));
    if (known !== undefined) return known;
    const value = await look();
    // A file that changed while it was read is not known.
    if (key !== undefined && key === (await this.#key(paths, what))) {
      this.found.delete(key);
      this.found.set(key, value);
      this.#changed = true;
    }
    return value;
  }

  async #key(paths: readonly string[], what: unknown): Promise<string | undefined> {
    try {
      const states = await Promise.all(
        paths.flatMap(partsOf).map(async (path) => {
          // The time of the last change of the entry, too: a copy that keeps the old time of writing is still seen.
          const { size, mtimeMs, ctimeMs } = await stat(path);
          return [path, size, mtimeMs, ctimeMs];
        }),
      );
      const text = canonicalJson([states, what]);
      return createHmac("sha256", this.salt)
        .update("fedbaps/finding/1\0")
        .update(text)
        .digest("base64url")
        .slice(0, 22);
    } catch {
      return undefined;
    }
  }
}

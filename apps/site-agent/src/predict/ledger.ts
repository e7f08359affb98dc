import { open, rmdir, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { makeFolder } from "@fedbaps/core/common/folder.js";
import { z } from "zod";
import { readIfThere } from "../yaml-file.js";

const LEDGER = "predictions.jsonl";

export const predictionSchema = z.strictObject({
  format: z.literal("fedbaps-prediction/1"),
  at: z.string(),
  /** Of what the answer was made: picture, prompt, decoder, black box. */
  key: z.string(),
  /** Of the picture's place, so that two files of one name do not share outputs. */
  from: z.string(),
  base: z.string(),
  image: z.string(),
  place: z.string(),
  object: z.string().nullable(),
  decoder: z.enum(["adapted", "zero-shot"]),
  reason: z.string(),
  /** File names in the folder. */
  mask: z.string(),
  overlay: z.string(),
  probability: z.string(),
  segmentation: z.string().nullable(),
  width: z.number().int(),
  height: z.number().int(),
  /** Pixels inside, of all. */
  inside: z.number().int(),
});

/** One answered prompt and where its files are. Names files, so it stays at the site. */
export type Prediction = z.infer<typeof predictionSchema>;

/**
 * `predictions.jsonl`: what lies in a folder of predictions, a JSON line for each, only ever added to; the last line of an
 * output counts. A line that was cut off by a crash is dropped, and its picture is answered again.
 */
export class Ledger {
  readonly #byBase = new Map<string, Prediction>();

  private constructor(
    private readonly file: string,
    entries: readonly Prediction[],
    /** Whether the folder was not there before. */
    private readonly made: boolean,
  ) {
    for (const entry of entries) this.#byBase.set(entry.base.toLowerCase(), entry);
  }

  /** Makes the folder. @throws UsageError for a file of a later version of this program, or of another */
  static async open(folder: string): Promise<Ledger> {
    const made = await makeFolder(folder);
    const file = join(folder, LEDGER);
    const text = (await readIfThere(file)) ?? "";
    const lines = text.split("\n");
    // What follows the last line feed was being written when the process ended.
    const torn = lines.pop() ?? "";
    if (torn !== "") await truncate(file, Buffer.byteLength(text) - Buffer.byteLength(torn));
    const entries = lines.map((line, i) => {
      try {
        return predictionSchema.parse(JSON.parse(line));
      } catch {
        throw new UsageError(
          `${file}, line ${i + 1}: not a line of this version; choose another --out, or move the file away to answer all anew`,
        );
      }
    });
    return new Ledger(file, entries, made);
  }

  /** The newest prediction under a base, whatever the case of its letters. */
  of(base: string): Prediction | undefined {
    return this.#byBase.get(base.toLowerCase());
  }

  /** On the disk before it returns. */
  async add(entry: Prediction): Promise<void> {
    const handle = await open(this.file, "a", 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(entry)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    this.#byBase.set(entry.base.toLowerCase(), entry);
  }

  /** Takes the folder away if it was made for nothing: with anything in it, it stays. */
  async close(): Promise<void> {
    if (this.made) await rmdir(dirname(this.file)).catch(() => {});
  }
}

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { canonicalJson, sha256Hex } from "@fedbaps/core/common/hash.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { z } from "zod";
import { differences, type RunSettings, settingsSchema } from "../adapt/settings.js";
import type { Home } from "../home.js";
import { Journal } from "../journal.js";
import { scoresSchema } from "../study-records.js";

const recordSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("settings"), settings: settingsSchema }),
  /** One block; `queries` are those of all blocks so far. */
  z.strictObject({ kind: z.literal("scores"), scores: scoresSchema, queries: z.number().int().min(0) }),
]);
type Entry = z.infer<typeof recordSchema>;

/** What nobody came back for. */
const FORGOTTEN_MS = 30 * 24 * 3_600_000;

/** The scores of a measurement that is not finished, block by block, so that no answer is paid for twice. */
export class KeptScores {
  /** So many scores are in the file. */
  #kept: number;
  #failed = false;

  private constructor(
    readonly file: string,
    private readonly journal: Journal<Entry>,
    private readonly warn: (line: string) => void,
  ) {
    this.#kept = this.scores.length;
  }

  /**
   * @param warn is told in a line, once, why nothing can be kept any more: the measurement goes on
   * @throws UsageError when the file is of a measurement with other settings; AgentError JOURNAL_DAMAGED, HOME_NEWER; as `writing` does
   */
  static async open(file: string, settings: RunSettings, warn: (line: string) => void): Promise<KeptScores> {
    const journal = await Journal.open(file, recordSchema);
    const [first] = journal.entries;
    if (first === undefined) await journal.append({ kind: "settings", settings });
    const changed = first?.kind === "settings" ? differences(first.settings, settings) : [];
    if (changed.length > 0)
      throw new UsageError(
        `${file} holds an unfinished measurement with other settings: ${changed.join("; ")}; ` +
          "give the same to go on with it, --restart to begin anew, or another --resume",
      );
    return new KeptScores(file, journal, warn);
  }

  get scores(): ImageScore[] {
    return this.journal.entries.flatMap((entry) => (entry.kind === "scores" ? entry.scores : []));
  }

  /** What was paid for them. */
  get queries(): number {
    const last = this.journal.entries.at(-1);
    return last?.kind === "scores" ? last.queries : 0;
  }

  /** @param scores all so far; only new ones are written @param queries paid for them */
  async save(scores: readonly ImageScore[], queries: number): Promise<void> {
    if (this.#failed || scores.length <= this.#kept) return;
    try {
      await this.journal.append({ kind: "scores", scores: scores.slice(this.#kept), queries });
      this.#kept = scores.length;
    } catch (error) {
      this.#failed = true;
      this.warn(`what is measured from here on is not kept for a stop: ${messageOf(error)}`);
    }
  }

  async remove(): Promise<void> {
    await rm(this.file, { force: true });
  }
}

/** Where a home keeps unfinished measurements: one file for each set of settings. Those that are a month old go. */
export async function homeScoresFile(home: Home, settings: RunSettings, now: number): Promise<string> {
  const folder = join(home.folder, "evaluations");
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const file = join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found && now - found.mtimeMs > FORGOTTEN_MS) await rm(file, { force: true }).catch(() => {});
  }
  const hash = sha256Hex("fedbaps/evaluation/1", "\n", canonicalJson(settings)).slice(0, 16);
  return join(folder, `${hash}.jsonl`);
}

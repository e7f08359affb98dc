import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import type { Mask } from "@fedbaps/core/image/image.js";
import { readMask } from "@fedbaps/core/image/read.js";
import { encodeMaskPng } from "@fedbaps/core/image/write.js";
import type { Answer } from "@fedbaps/core/training/evaluate.js";

/** Whose answers: the plain black box's, or with the decoder's visual prompt. */
export type Subject = "zero-shot" | "adapted";

const FILE = /^(zero-shot|adapted)-\d+\.png$/;

/**
 * The black box's answers to the first click of each test image, as masks by the images' running numbers: with them the
 * report is drawn without asking again. They never leave the site. One that is not there costs a picture, not the report.
 */
export class AnswerFiles {
  readonly #folder: string;

  /** @param folder of the study, or of the local run */
  constructor(folder: string) {
    this.#folder = join(folder, "answers");
  }

  /** Whole or not at all, without waiting for the disk. */
  async save(subject: Subject, answers: readonly Pick<Answer, "id" | "mask">[]): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const { id, mask } of answers) {
      await writeFileAtomic(this.#file(subject, id), await encodeMaskPng(mask), 0o600, false);
    }
  }

  /** @returns undefined where there is none that can be read */
  read(subject: Subject, id: number): Promise<Mask | undefined> {
    return readMask(this.#file(subject, id)).catch(() => undefined);
  }

  /** Those of an earlier run. */
  async clear(): Promise<void> {
    const names = await readdir(this.#folder).catch((): string[] => []);
    for (const name of names.filter((candidate) => FILE.test(candidate)))
      await rm(join(this.#folder, name), { force: true });
  }

  #file(subject: Subject, id: number): string {
    return join(this.#folder, `${subject}-${id}.png`);
  }
}

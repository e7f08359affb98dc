import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { messageOf } from "@fedbaps/core/common/errors.js";
import { fileFailure } from "@fedbaps/core/common/file-failure.js";
import { EXPORT_FILES, type ExportBundle, isOfExport } from "@fedbaps/core/export/bundle.js";
import { AgentError } from "../errors.js";

/** Before the work: that nothing of anybody else's is in the way. @throws AgentError OUT_OCCUPIED, OUT_UNWRITABLE */
export async function checkFolder(out: string): Promise<void> {
  for (const name of Object.values(EXPORT_FILES)) {
    const file = join(out, name);
    const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw unwritable(out, error);
    });
    if (bytes && !isOfExport(name, bytes))
      throw new AgentError(
        "OUT_OCCUPIED",
        `${file} is not a file of an export, and was left as it is; choose another --out, or replace it with --force`,
      );
  }
}

/** Each file whole or not at all. @throws AgentError OUT_UNWRITABLE */
export async function writeFolder(out: string, { files }: ExportBundle): Promise<void> {
  for (const { name, bytes } of files)
    await writeFileAtomic(join(out, name), bytes).catch((error: unknown) => {
      throw unwritable(out, error);
    });
}

function unwritable(out: string, error: unknown): AgentError {
  return new AgentError("OUT_UNWRITABLE", `--out ${out}: cannot be written: ${why(error)}`, {}, { cause: error });
}

function why(error: unknown): string {
  // Of the folder or of one above it.
  if (["ENOTDIR", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? ""))
    return "a file is where the folder should be; choose another";
  const known = fileFailure(error);
  return known ? `${known.what}; ${known.remedy}, or choose another folder` : `${messageOf(error)}; choose another`;
}

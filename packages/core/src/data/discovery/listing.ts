import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../common/errors.js";
import type { Problem } from "../problem.js";

/** The names in a folder, in an order that does not depend on the machine's language; undefined if there is none. */
export async function listFolder(folder: string): Promise<string[] | undefined> {
  try {
    // Names that begin with a dot are litter of the operating system ("._scan.png").
    return (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();
  } catch {
    return undefined;
  }
}

export interface Listing {
  /** Paths relative to the folder, with "/" between the names, sorted. */
  readonly files: readonly string[];
  /** Folders that may not be read. */
  readonly problems: readonly Problem[];
}

/** All files below a folder, through links too, each folder once. */
export async function listFiles(folder: string): Promise<Listing> {
  const files: string[] = [];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const visit = async (below: string): Promise<void> => {
    const path = join(folder, below);
    let entries: Dirent[];
    try {
      const real = await realpath(path);
      if (seen.has(real)) return;
      seen.add(real);
      entries = await readdir(path, { withFileTypes: true });
    } catch (error) {
      problems.push(unlisted(path, error));
      return;
    }
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const name = below === "" ? entry.name : `${below}/${entry.name}`;
      if (await isFolder(entry, join(folder, name))) await visit(name);
      else files.push(name);
    }
  };
  await visit("");
  return { files: files.sort(), problems };
}

async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return stat(path).then(
    (target) => target.isDirectory(),
    () => false,
  );
}

function unlisted(path: string, error: unknown): Problem {
  const forbidden = ["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
  return {
    severity: "fatal",
    code: forbidden ? "FILE_FORBIDDEN" : "DATASET_MISSING",
    file: path,
    message: forbidden ? "this user may not look into the folder" : `the folder cannot be read (${messageOf(error)})`,
    remedy: forbidden
      ? "give the agent's user the right to read it; its files may be fine"
      : "check the disk or the network share it lies on",
  };
}

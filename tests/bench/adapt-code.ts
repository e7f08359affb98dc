import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUNDLED_MODEL_FILE } from "@fedbaps/core/blackbox/open.js";

const CORE = fileURLToPath(new URL("../", import.meta.resolve("@fedbaps/core/training/presets.js")));
/** Where figures come from; what else the product can do does not change them. */
const FOLDERS = [
  "blackbox",
  "data",
  "decoder",
  "federation",
  "guide",
  "image",
  "math",
  "metrics",
  "optimizer",
  "training",
];

/**
 * Names the compiled code and the models that a cell's figures come from, 12 hexadecimal digits: cells of other code are not
 * taken for one's own.
 */
export async function codeVersion(): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of FOLDERS) await addFolder(hash, join(CORE, folder), ".js");
  await addFolder(hash, join(BUNDLED_MODEL_FILE, ".."), ".onnx");
  return hash.digest("hex").slice(0, 12);
}

async function addFolder(hash: ReturnType<typeof createHash>, folder: string, ending: string): Promise<void> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(ending));
  for (const name of names.sort()) hash.update(`${name}\n`).update(await readFile(join(folder, name)));
}

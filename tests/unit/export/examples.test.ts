import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { drawPhantom, LOOKS } from "@fedbaps/core/data/phantoms.js";
import { EXPORT_FILES, makeExport } from "@fedbaps/core/export/bundle.js";
import { ownOutput } from "@fedbaps/core/export/own-output.js";
import { readImage } from "@fedbaps/core/image/read.js";
import { writePng } from "@fedbaps/core/image/write.js";
import type { Sizing } from "@fedbaps/core/training/cases.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { largestDifference } from "../../support/numbers.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { paintingDecoder } from "./painting-decoder.js";

removeTemporaryFolders();

const sizing: Sizing = { geometry: "longest-side", nativeSize: { width: 1024, height: 1024 } };
/** As in the examples. */
const point = { x: 120, y: 80, label: 1 } as const;
const size = { width: 300, height: 220 };
const { image } = drawPhantom({ look: LOOKS[2], seed: 4, index: 1, size });

/** One with onnxruntime, numpy and Pillow, where there is such. */
const PYTHON = process.env.FEDBAPS_PYTHON ?? "python3";
const hasPython = spawnSync(PYTHON, ["-c", "import onnxruntime, numpy, PIL"]).status === 0;
if (!hasPython)
  console.warn(
    `skipped: ${PYTHON} has no onnxruntime, numpy and Pillow (FEDBAPS_PYTHON names another), so the Python program is not tried`,
  );
const pythonIt = hasPython ? it : it.skip;

/** A folder with an export and a picture, as somebody else has it: of this repository, only two public packages. */
async function elsewhere(): Promise<{ folder: string; expected: Float32Array }> {
  const folder = await temporaryFolder();
  const trained = await paintingDecoder("texture");
  const { files } = await makeExport({ ...trained, sizing, producerVersion: "1.2.3" });
  for (const { name, bytes } of files) await writeFile(join(folder, name), bytes);
  await writePng(join(folder, "image.png"), image);
  const { prompted } = await ownOutput({ ...trained, sizing }, { image, point });
  return { folder, expected: prompted.data };
}

/** The program in the text that goes with an export. */
async function program(folder: string, language: string): Promise<string> {
  const text = await readFile(join(folder, EXPORT_FILES.howToUse), "utf8");
  return new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(text)?.[1] ?? "";
}

/** The picture that a program wrote is the pipeline's, rounded to bytes. */
async function expectPrompted(folder: string, expected: Float32Array): Promise<void> {
  const written = await readImage(join(folder, "prompted.png"));
  expect(written).toMatchObject(size);
  expect(largestDifference(written.data, expected)).toBeLessThan(0.51);
  // Else the picture had simply been copied.
  expect(largestDifference(written.data, image.data)).toBeGreaterThan(5);
}

describe("how-to-use.md", () => {
  let made: Awaited<ReturnType<typeof elsewhere>>;
  beforeAll(async () => {
    made = await elsewhere();
  });

  it("has a Node program that works without FedBAPS", async () => {
    const { folder, expected } = made;
    const packages = join(folder, "node_modules");
    await mkdir(packages);
    for (const name of ["onnxruntime-node", "sharp"]) {
      const real = await realpath(fileURLToPath(new URL(`../../../node_modules/${name}`, import.meta.url)));
      await symlink(real, join(packages, name), "dir");
    }
    await writeFile(join(folder, "example.mjs"), await program(folder, "js"));
    execFileSync(process.execPath, ["example.mjs"], { cwd: folder, env: { ...process.env, NODE_OPTIONS: "" } });
    await expectPrompted(folder, expected);
  });

  pythonIt("has a Python program that works", async () => {
    const { folder, expected } = made;
    await writeFile(join(folder, "example.py"), await program(folder, "python"));
    execFileSync(PYTHON, ["example.py"], { cwd: folder });
    await expectPrompted(folder, expected);
  });
});

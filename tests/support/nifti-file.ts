import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Image } from "@fedbaps/core/image/image.js";
import { type NiftiContent, niftiBytes } from "./nifti.js";
import { temporaryFolder } from "./temporary-folder.js";

/** Writes a NIfTI file into a folder of its own, compressed if the name ends in .gz. */
export async function niftiFile(content: NiftiContent, name = "volume.nii"): Promise<string> {
  const path = join(await temporaryFolder(), name);
  const bytes = niftiBytes(content);
  await writeFile(path, name.endsWith(".gz") ? gzipSync(bytes, { level: 1 }) : bytes);
  return path;
}

/** The first channel by rows, rounded to `digits`. */
export function greyRows({ data, width, height, channels }: Image, digits = 0): number[][] {
  const rounded = (value: number) => Number(value.toFixed(digits));
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => rounded(data[(y * width + x) * channels])),
  );
}

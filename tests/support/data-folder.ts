import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Mask } from "@fedbaps/core/image/image.js";
import { writeMaskPng, writePng } from "@fedbaps/core/image/write.js";

export const WIDTH = 12;
export const HEIGHT = 8;

/** A mask with a rectangle in it, `columns` wide. */
export function rectangle(columns = 3, width = WIDTH, height = HEIGHT): Mask {
  const data = new Uint8Array(width * height);
  for (let y = 2; y < 5; y++) data.fill(1, y * width + 2, y * width + 2 + columns);
  return { data, width, height };
}

/** Writes a grey picture, a different one for every `number`. */
export async function writePicture(path: string, number: number, width = WIDTH, height = HEIGHT): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const data = Float32Array.from({ length: width * height }, (_, i) => (i * 13 + number * 29 + number ** 2) % 256);
  await writePng(path, { data, width, height, channels: 1 });
}

export async function writeMask(path: string, mask: Mask = rectangle()): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeMaskPng(path, mask);
}

/** Pictures `images/STEM.png` with `masks/STEM.png`, below `folder`. */
export async function writePairs(folder: string, stems: readonly string[], first = 0): Promise<void> {
  for (const [i, stem] of stems.entries()) {
    await writePicture(join(folder, "images", `${stem}.png`), first + i);
    await writeMask(join(folder, "masks", `${stem}.png`));
  }
}

/** Files with these texts; folders are made. */
export async function writeTexts(folder: string, texts: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, text] of Object.entries(texts)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

export const stemsOf = (count: number, prefix = "p") =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(3, "0")}`);

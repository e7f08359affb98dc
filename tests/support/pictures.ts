import type { Image, Mask } from "@fedbaps/core/image/image.js";

/** A mask from rows of characters: "#" is inside. */
export function maskOf(...rows: readonly string[]): Mask {
  const data = Uint8Array.from(rows.join(""), (character) => (character === "#" ? 1 : 0));
  return { data, width: rows[0].length, height: rows.length };
}

/** The rows of characters of a mask, for readable comparisons. */
export function rowsOf(mask: Mask): string[] {
  return Array.from({ length: mask.height }, (_, y) =>
    Array.from(mask.data.subarray(y * mask.width, (y + 1) * mask.width), (inside) => (inside ? "#" : ".")).join(""),
  );
}

/** A one-channel picture from rows of grey levels. */
export function greyOf(...rows: readonly (readonly number[])[]): Image {
  return { data: Float32Array.from(rows.flat()), width: rows[0].length, height: rows.length, channels: 1 };
}

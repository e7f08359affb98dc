import type { DataSet } from "./data-set.js";
import type { Frame } from "./decode-frame.js";
import { type LookupTable, lookUp, lookupTable, segmentedTable } from "./lookup-table.js";
import type { PixelFormat } from "./pixel-format.js";
import { TAGS, type Tag } from "./tags.js";
import { COPY_AGAIN, unreadableDicom } from "./unreadable.js";

const clamp = (value: number) => Math.min(255, Math.max(0, value));

/** YBR to RGB in 0..255 (PS3.3 C.7.6.3.1.2). `partial`: studio range, 16 to 235 and 16 to 240. */
function fromYbr(out: Float32Array, partial: boolean): void {
  const gain = partial ? 255 / 219 : 1;
  const chroma = partial ? 255 / 224 : 1;
  for (let i = 0; i < out.length; i += 3) {
    const y = (out[i] - (partial ? 16 : 0)) * gain;
    const cb = (out[i + 1] - 128) * chroma;
    const cr = (out[i + 2] - 128) * chroma;
    out[i] = clamp(y + 1.402 * cr);
    out[i + 1] = clamp(y - 0.344136 * cb - 0.714136 * cr);
    out[i + 2] = clamp(y + 1.772 * cb);
  }
}

/** RGB in 0..255 of a frame with three samples a pixel. */
export function colourPixels({ values, rgb, bits }: Frame, { photometric }: PixelFormat): Float32Array {
  const scale = 255 / (2 ** bits - 1);
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = clamp(values[i] * scale);
  // RCT and ICT name what JPEG 2000 does within, not what is stored.
  if (!rgb && /^YBR_(FULL|PARTIAL)/.test(photometric)) fromYbr(out, photometric.startsWith("YBR_PARTIAL"));
  return out;
}

const PALETTES: readonly (readonly [descriptor: Tag, data: Tag, segmented: Tag])[] = [
  [TAGS.RedPaletteDescriptor, TAGS.RedPaletteData, TAGS.SegmentedRedPaletteData],
  [TAGS.GreenPaletteDescriptor, TAGS.GreenPaletteData, TAGS.SegmentedGreenPaletteData],
  [TAGS.BluePaletteDescriptor, TAGS.BluePaletteData, TAGS.SegmentedBluePaletteData],
];

/** RGB in 0..255 of a frame of palette indices (PS3.3 C.7.9). @throws ImageError IMAGE_UNREADABLE without a palette */
export function palettePixels(path: string, data: DataSet, { values }: Frame, format: PixelFormat): Float32Array {
  const tables = PALETTES.map(([about, content, segmented]): LookupTable => {
    const table =
      lookupTable(data, [about, content], format.signed) ?? segmentedTable(data, [about, segmented], format.signed);
    if (!table) throw unreadableDicom(path, "its colour palette is missing or damaged", COPY_AGAIN);
    return table;
  });
  const out = new Float32Array(values.length * 3);
  for (const [c, table] of tables.entries()) {
    // Entries of 8 bits in words of 16 may fill the upper half.
    const largest = table.entries.reduce((most, entry) => Math.max(most, entry), 0);
    const white = table.white === 255 && largest > 255 ? 65535 : table.white;
    for (let i = 0; i < values.length; i++) out[3 * i + c] = (lookUp(table, values[i]) * 255) / white;
  }
  return out;
}

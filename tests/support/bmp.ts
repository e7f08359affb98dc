/** What to write into a BMP file. */
export interface BmpContent {
  readonly width: number;
  readonly height: number;
  readonly bits: 1 | 2 | 4 | 8 | 16 | 24 | 32;
  /**
   * Numbers of the pixels, rows from the top: palette indices up to 8 bits, else the pixel as it is stored (for 24 and 32
   * bits 0xRRGGBB, unless masks say otherwise).
   */
  readonly pixels: readonly number[];
  /** 0xRRGGBB by index. */
  readonly palette?: readonly number[];
  /** Length of the second header: 12 (OS/2), 40, 52, 56, 64, 108, 124. */
  readonly header?: number;
  readonly topDown?: boolean;
  /** Red, green, blue and opacity. */
  readonly masks?: readonly number[];
  readonly runLength?: boolean;
  /** Bytes between the palette and the pixels. */
  readonly gap?: number;
  /** In place of the rows: the bytes behind the header. */
  readonly body?: readonly number[];
  /** In place of what the rest gives. */
  readonly compression?: number;
}

/** The rows in stored order. */
function storedRows({ width, height, pixels, topDown }: BmpContent): (readonly number[])[] {
  const rows = Array.from({ length: height }, (_, y) => pixels.slice(y * width, (y + 1) * width));
  return topDown ? rows : rows.reverse();
}

function plainRow(row: readonly number[], bits: number): number[] {
  const bytes: number[] = [];
  if (bits <= 8) {
    for (let x = 0; x < row.length; x += 8 / bits) {
      let byte = 0;
      for (let i = 0; i < 8 / bits; i++) byte = (byte << bits) | (row[x + i] ?? 0);
      bytes.push(byte);
    }
  } else for (const pixel of row) for (let i = 0; i < bits / 8; i++) bytes.push((pixel >>> (8 * i)) & 255);
  while (bytes.length % 4 !== 0) bytes.push(0);
  return bytes;
}

/** Runs of equal pixels; stretches of three or more different ones as they are. */
function packedRow(row: readonly number[], bits: number): number[] {
  const bytes: number[] = [];
  const runAt = (x: number) => {
    let length = 1;
    while (length < 255 && row[x + length] === row[x]) length++;
    return length;
  };
  for (let x = 0; x < row.length; ) {
    let end = x;
    while (end < row.length && end - x < 255 && runAt(end) === 1) end++;
    const literal = row.slice(x, end);
    if (literal.length >= 3) {
      const data = bits === 8 ? [...literal] : plainRow(literal, 4).slice(0, Math.ceil(literal.length / 2));
      bytes.push(0, literal.length, ...data, ...(data.length % 2 ? [0] : []));
      x = end;
    } else {
      const length = runAt(x);
      bytes.push(length, bits === 8 ? row[x] : row[x] * 17);
      x += length;
    }
  }
  return [...bytes, 0, 0];
}

/** The bytes of a BMP file. */
export function bmpBytes(content: BmpContent): Buffer {
  const { width, height, bits, palette = [], header = 40, topDown, masks, runLength, gap = 0 } = content;
  const colours = palette.flatMap((rgb) => {
    const entry = [rgb & 255, (rgb >> 8) & 255, rgb >> 16];
    return header === 12 ? entry : [...entry, 0];
  });
  const after = masks && header === 40 ? (masks.length > 3 ? 16 : 12) : 0;
  const offset = 14 + header + after + colours.length + gap;
  const rows = storedRows(content).map((row) => (runLength ? packedRow(row, bits) : plainRow(row, bits)));
  const body = content.body ?? [...rows.flat(), ...(runLength ? [0, 1] : [])];
  const out = Buffer.alloc(offset);
  out.write("BM", 0, "latin1");
  out.writeUInt32LE(offset + body.length, 2);
  out.writeUInt32LE(offset, 10);
  out.writeUInt32LE(header, 14);
  if (header === 12) {
    for (const [i, value] of [width, height, 1, bits].entries()) out.writeUInt16LE(value, 18 + 2 * i);
  } else {
    out.writeInt32LE(width, 18);
    out.writeInt32LE(topDown ? -height : height, 22);
    out.writeUInt16LE(1, 26);
    out.writeUInt16LE(bits, 28);
    const usual = runLength ? (bits === 8 ? 1 : 2) : masks ? (after === 16 ? 6 : 3) : 0;
    out.writeUInt32LE(content.compression ?? usual, 30);
    out.writeUInt32LE(palette.length, 46);
    for (const [i, mask] of (masks ?? []).entries())
      if (54 + 4 * i < 14 + header + after) out.writeUInt32LE(mask, 54 + 4 * i);
  }
  out.set(colours, 14 + header + after);
  return Buffer.concat([out, Buffer.from(body)]);
}

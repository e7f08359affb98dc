import { BmpError, type BmpHeader } from "./header.js";
import { unpackRunLength } from "./run-length.js";

// bmp-ts was tried and left: it reads one row only of 4-bit pictures of odd width, puts run-length encoded pixels into the
// wrong places, and takes the pixels to follow the palette, whatever the header says.

/** Bytes of a stored row, which is padded to four. */
function strideOf({ width, bits }: BmpHeader): number {
  return Math.ceil((width * bits) / 32) * 4;
}

function checkLength(bytes: Uint8Array, header: BmpHeader): void {
  // The padding of the last row is often left away.
  const last = Math.ceil((header.width * header.bits) / 8);
  const needed = header.offset + strideOf(header) * (header.height - 1) + last;
  if (needed > bytes.length) throw new BmpError(`cut short (${bytes.length} bytes of ${needed})`);
}

/** Palette indices, in stored order of the rows. */
function indicesOf(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, bits, offset } = header;
  if (header.runLength) return unpackRunLength(bytes, header);
  const out = new Uint8Array(width * height);
  const stride = strideOf(header);
  const most = (1 << bits) - 1;
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++, to++) {
      const bit = x * bits;
      // The leftmost pixel is in the highest bits.
      out[to] = (bytes[offset + y * stride + (bit >> 3)] >> (8 - bits - (bit & 7))) & most;
    }
  return out;
}

function byPalette(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, palette } = header;
  const indices = indicesOf(bytes, header);
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < indices.length; i++) {
    const at = indices[i] * 3;
    if (at >= palette.length) throw new BmpError(`a pixel of colour ${indices[i]}, which its palette lacks`);
    out[3 * i] = palette[at];
    out[3 * i + 1] = palette[at + 1];
    out[3 * i + 2] = palette[at + 2];
  }
  return out;
}

/** Numbers of a channel of up to 32 bits, spread over 0..255. */
function channelOf(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (pixel) => Math.round((((pixel & mask) >>> shift) / most) * 255);
}

/** Opacity of nothing but zeros was never filled in: such pictures are whole, not empty. */
function isOpaque(pixels: Uint32Array, alpha: number): boolean {
  return alpha === 0 || pixels.every((pixel) => (pixel & alpha) === 0);
}

function byMasks(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, bits, masks, offset } = header;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stride = strideOf(header);
  const pixels = new Uint32Array(width * height);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0, at = offset + y * stride; x < width; x++, to++, at += bits / 8)
      pixels[to] = bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
  const [red, green, blue] = [masks.red, masks.green, masks.blue].map(channelOf);
  const opacity = isOpaque(pixels, masks.alpha) ? () => 255 : channelOf(masks.alpha);
  const out = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const share = opacity(pixels[i]) / 255;
    out[3 * i] = Math.round(red(pixels[i]) * share);
    out[3 * i + 1] = Math.round(green(pixels[i]) * share);
    out[3 * i + 2] = Math.round(blue(pixels[i]) * share);
  }
  return out;
}

function byBytes(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, offset } = header;
  const stride = strideOf(header);
  const out = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0, at = offset + y * stride; x < width; x++, to += 3, at += 3) {
      out[to] = bytes[at + 2];
      out[to + 1] = bytes[at + 1];
      out[to + 2] = bytes[at];
    }
  return out;
}

/** In place: BMP begins with the lowest row. */
function turnOver(data: Uint8Array, row: number): Uint8Array {
  for (let top = 0, bottom = data.length - row; top < bottom; top += row, bottom -= row) {
    const kept = data.slice(top, top + row);
    data.copyWithin(top, bottom, bottom + row);
    data.set(kept, bottom);
  }
  return data;
}

/**
 * Decodes the pixels of a BMP file of 1 to 32 bits, run-length encoded or not, in either order of rows.
 * @returns height x width x 3 bytes, RGB, rows from the top; transparency is laid on black
 * @throws BmpError
 */
export function decodeBmp(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  if (!header.runLength) checkLength(bytes, header);
  const read = header.bits <= 8 ? byPalette : header.bits === 24 ? byBytes : byMasks;
  const data = read(bytes, header);
  return header.topDown ? data : turnOver(data, header.width * 3);
}

import { BmpError, type BmpHeader } from "./header.js";

/** Two bytes make a run of at most 255 pixels; whoever leaves out more than that of a large picture has another in mind. */
const MOST_PER_BYTE = 128;
const LARGE = 4_000_000;

/**
 * Unpacks run-length encoded pixels (Microsoft, "Bitmap Compression": BI_RLE8, BI_RLE4) to one palette index a byte, in
 * stored order of the rows. Pixels that the file leaves out are of index 0.
 * @throws BmpError where the data end before the picture does, or lead out of it
 */
export function unpackRunLength(bytes: Uint8Array, { width, height, bits, offset }: BmpHeader): Uint8Array {
  if (width * height > LARGE && width * height > MOST_PER_BYTE * bytes.length)
    throw new BmpError(`${width} x ${height} pixels, which ${bytes.length} bytes cannot hold`);
  const out = new Uint8Array(width * height);
  let from = offset;
  let x = 0;
  let y = 0;
  const next = () => {
    if (from >= bytes.length) throw new BmpError("cut short within its pixels");
    return bytes[from++];
  };
  // A run may be longer than what is left of its row: the rest is dropped, as elsewhere.
  const put = (index: number) => {
    if (y >= height) throw new BmpError("more rows of pixels than its height");
    if (x < width) out[y * width + x] = index;
    x++;
  };
  /** Two indices of half a byte take turns; one of a whole byte is repeated. */
  const run = (count: number, value: number) => {
    for (let i = 0; i < count; i++) put(bits === 8 ? value : i % 2 === 0 ? value >> 4 : value & 15);
  };
  const literal = (count: number) => {
    const length = bits === 8 ? count : Math.ceil(count / 2);
    for (let i = 0; i < length; i++) run(bits === 8 ? 1 : Math.min(2, count - 2 * i), next());
    if (length % 2 === 1) next();
  };
  for (;;) {
    // Many writers forget the end mark; a picture that is full needs none.
    if (from + 1 >= bytes.length && (y >= height || (y === height - 1 && x >= width))) return out;
    const count = next();
    const value = next();
    if (count > 0) run(count, value);
    else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) return out;
    else if (value === 2) {
      x += next();
      y += next();
    } else literal(value);
  }
}

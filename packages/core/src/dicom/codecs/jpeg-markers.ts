import { CodecError } from "./codec-error.js";

/** What the markers of a JPEG or JPEG-LS stream say before the pixels begin (ISO/IEC 10918-1 Annex B, 14495-1 Annex C). */
export interface JpegHeader {
  /** 0xc0 baseline, 0xc1 extended, 0xc3 lossless, 0xf7 JPEG-LS; others as in the standard. */
  readonly process: number;
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  readonly components: readonly { readonly id: number; readonly across: number; readonly down: number }[];
  readonly jfif: boolean;
  /** Colour transform of the Adobe marker: 0 none, 1 YCbCr. */
  readonly adobe?: number;
  /** Segments: the marker, where it begins (at its 0xff) and where what follows it begins. */
  readonly segments: readonly { readonly marker: number; readonly start: number; readonly end: number }[];
  /** Where the first scan's header begins (its length), and of JPEG-LS how colours are interleaved. */
  readonly scan: number;
}

const SOI = 0xd8;
const SOS = 0xda;
const EOI = 0xd9;
const APP0 = 0xe0;
const APP14 = 0xee;

/** Frame headers; 0xc4, 0xc8 and 0xcc are others. */
function isFrame(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7;
}

const startsWith = (bytes: Uint8Array, at: number, text: string) =>
  [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

/** Reads the markers up to the first scan. @throws CodecError */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) throw new CodecError("no JPEG data");
  const segments: { marker: number; start: number; end: number }[] = [];
  let frame: Pick<JpegHeader, "process" | "precision" | "width" | "height" | "components"> | undefined;
  let jfif = false;
  let adobe: number | undefined;
  let at = 2;
  for (;;) {
    const start = at;
    if (bytes[at] !== 0xff) throw new CodecError("JPEG markers damaged or cut short");
    while (bytes[at] === 0xff) at++;
    const marker = bytes[at++];
    const length = (bytes[at] << 8) | bytes[at + 1];
    if (at + 2 > bytes.length || marker === EOI || length < 2 || at + length > bytes.length)
      throw new CodecError("JPEG markers damaged or cut short");
    const data = at + 2;
    if (isFrame(marker)) {
      const count = bytes[data + 5];
      if (length < 8 + 3 * count || count === 0) throw new CodecError("JPEG frame header damaged");
      frame = {
        process: marker,
        precision: bytes[data],
        height: (bytes[data + 1] << 8) | bytes[data + 2],
        width: (bytes[data + 3] << 8) | bytes[data + 4],
        components: Array.from({ length: count }, (_, i) => {
          const component = data + 6 + 3 * i;
          return { id: bytes[component], across: bytes[component + 1] >> 4, down: bytes[component + 1] & 15 };
        }),
      };
    } else if (marker === APP0 && startsWith(bytes, data, "JFIF")) jfif = true;
    else if (marker === APP14 && startsWith(bytes, data, "Adobe") && length >= 14) adobe = bytes[data + 11];
    if (marker === SOS) {
      if (!frame) throw new CodecError("JPEG data without a frame header");
      return { ...frame, jfif, ...(adobe === undefined ? {} : { adobe }), segments, scan: at };
    }
    at += length;
    segments.push({ marker, start, end: at });
  }
}

/** Refuses a picture of another size than the DICOM header says. @throws CodecError */
export function checkSize(
  found: { readonly width: number; readonly height: number; readonly components: number },
  expected: { readonly columns: number; readonly rows: number; readonly samples: number },
): void {
  const { width, height, components } = found;
  const { columns, rows, samples } = expected;
  if (width === columns && height === rows && components === samples) return;
  throw new CodecError(
    `the compressed picture has ${width} x ${height} pixels of ${components} components, the header says ` +
      `${columns} x ${rows} of ${samples}`,
  );
}

import { DatasetError } from "../data/errors.js";
import { ImageError } from "../image/errors.js";
import type { DataSet } from "./data-set.js";
import type { DicomFile } from "./file.js";
import { TAGS } from "./tags.js";
import { COPY_AGAIN, quoted, unreadableDicom } from "./unreadable.js";

/** How the pixels of a file are stored (Image Pixel module, PS3.3 C.7.6.3). */
export interface PixelFormat {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samples: 1 | 3;
  /** MONOCHROME1, MONOCHROME2, PALETTE COLOR, RGB, YBR_... */
  readonly photometric: string;
  /** Samples of a colour one after another, instead of the colours of a pixel. */
  readonly planar: boolean;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** Pixels are floating-point numbers (Float or Double Float Pixel Data). */
  readonly float: boolean;
}

/** Pictures above this are refused before they are decoded, as picture files are. */
export const MAX_PIXELS = 100_000_000;

const COLOURS = new Set([
  "RGB",
  "YBR_FULL",
  "YBR_FULL_422",
  "YBR_PARTIAL_422",
  "YBR_PARTIAL_420",
  "YBR_ICT",
  "YBR_RCT",
]);
const GREYS = new Set(["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"]);

/** 1 where the file does not say. */
function frameCount(data: DataSet): number {
  const frames = data.number(TAGS.NumberOfFrames);
  return frames !== undefined && Number.isInteger(frames) && frames > 0 ? frames : 1;
}

/** Bits that a frame takes where it is stored as it is. */
export function frameBits(format: PixelFormat): number {
  const { rows, columns, samples, bitsAllocated, photometric } = format;
  // Of every two pixels the two colour differences are stored once (PS3.3 C.7.6.3.1.2).
  const perPixel = samples === 3 && photometric.endsWith("_422") ? 2 : samples;
  return rows * columns * perPixel * bitsAllocated;
}

/** Refuses a file that announces more frames than it has bytes for, before memory is taken or frames are listed. */
function checkFrames(file: DicomFile, format: PixelFormat, native: boolean): void {
  const there = file.source.size - (file.pixels?.start ?? 0);
  // A compressed frame takes an item, whose head has 8 bytes.
  const needed = native ? Math.ceil((frameBits(format) * format.frames) / 8) : 8 * format.frames;
  if (needed <= there) return;
  throw unreadableDicom(
    file.path,
    `cut short: the header announces ${format.frames} frames of ${format.columns} x ${format.rows} pixels, ` +
      `which take ${native ? "" : "at least "}${needed} bytes where ${there} are left`,
    COPY_AGAIN,
  );
}

/**
 * How a file's pixels are stored, checked for sense.
 * @throws ImageError IMAGE_UNREADABLE where it has no pixels, or the header makes no sense; IMAGE_TOO_LARGE
 */
export function pixelFormat(file: DicomFile): PixelFormat {
  const { path, data, pixels } = file;
  if (!pixels) {
    const modality = quoted(data.text(TAGS.Modality) ?? "unknown");
    throw unreadableDicom(path, `a DICOM file without pixels (modality ${modality})`, "take it out of the folder");
  }
  const bad = (what: string) => unreadableDicom(path, `its header makes no sense (${what})`, COPY_AGAIN);
  const float = pixels.code !== TAGS.PixelData.code;
  const samples = data.number(TAGS.SamplesPerPixel) ?? 1;
  const bitsAllocated = data.number(TAGS.BitsAllocated) ?? (float ? 32 : 0);
  const bitsStored = float ? bitsAllocated : (data.number(TAGS.BitsStored) ?? bitsAllocated);
  const format = {
    rows: data.number(TAGS.Rows) ?? 0,
    columns: data.number(TAGS.Columns) ?? 0,
    frames: frameCount(data),
    photometric: data.text(TAGS.PhotometricInterpretation)?.toUpperCase() ?? (samples === 3 ? "RGB" : "MONOCHROME2"),
    planar: data.number(TAGS.PlanarConfiguration) === 1,
    bitsAllocated,
    bitsStored,
    highBit: float ? bitsAllocated - 1 : (data.number(TAGS.HighBit) ?? bitsStored - 1),
    signed: data.number(TAGS.PixelRepresentation) === 1,
    float,
  };
  const { rows, columns, highBit, photometric } = format;
  if (rows < 1 || columns < 1) throw bad(`${columns} x ${rows} pixels`);
  if (rows * columns > MAX_PIXELS)
    throw new ImageError(
      "IMAGE_TOO_LARGE",
      `${path}: ${columns} x ${rows} pixels are more than ${MAX_PIXELS / 1e6} million; save a smaller copy`,
      { path, width: columns, height: rows },
    );
  if (samples !== 1 && samples !== 3) throw bad(`${samples} samples a pixel, where 1 or 3 are read`);
  if (!(samples === 3 ? COLOURS : GREYS).has(photometric))
    throw bad(`photometric interpretation "${quoted(photometric)}" with ${samples} samples a pixel is not read`);
  const widths = float ? [32, 64] : samples === 3 ? [8, 16] : [1, 8, 16, 32];
  if (!widths.includes(bitsAllocated))
    throw bad(`${bitsAllocated} bits allocated, where ${widths.join(", ")} are read`);
  if (bitsStored < 1 || bitsStored > bitsAllocated || highBit < bitsStored - 1 || highBit >= bitsAllocated)
    throw bad(`${bitsStored} bits stored up to bit ${highBit} of ${bitsAllocated}`);
  const complete = { ...format, samples } as PixelFormat;
  checkFrames(file, complete, file.syntax.frames === "native" && !pixels.open);
  return complete;
}

/** @throws DatasetError FRAME_MISSING for a frame (from 0) that there is not */
export function checkFrame(path: string, frames: number, frame: number): void {
  if (Number.isInteger(frame) && frame >= 0 && frame < frames) return;
  const there = frames === 1 ? "there is only one" : `its frames are 1 to ${frames}`;
  throw new DatasetError("FRAME_MISSING", `${path}: no frame ${frame + 1}; ${there}`, { path, frame });
}

import { DatasetError } from "../data/errors.js";
import type { MaskSource } from "../data/sources.js";
import { ImageError } from "../image/errors.js";
import type { Mask } from "../image/image.js";
import { resizeMask } from "../image/resize.js";
import type { DataSet } from "./data-set.js";
import { decodeFrame } from "./decode-frame.js";
import { type DicomFile, withDicom } from "./file.js";
import { FrameAttributes } from "./functional-groups.js";
import { kindOf } from "./header.js";
import { MAX_PIXELS, type PixelFormat, pixelFormat } from "./pixel-format.js";
import type { Samples } from "./samples.js";
import { type ImageReference, type SegmentFrame, segmentFrames } from "./segment-references.js";
import { squareFrame } from "./spacing.js";
import { TAGS } from "./tags.js";
import { unreadableDicom } from "./unreadable.js";

/** What a DICOM segmentation is about. */
export interface Segmentation {
  /** The images that it marks: SOP Instance UID and frame (from 0), each once. */
  readonly covers: readonly { readonly instance: string; readonly frame: number }[];
  readonly segments: readonly { readonly number: number; readonly label: string }[];
  /** Of the stored grid. */
  readonly rows: number;
  readonly columns: number;
}

/** Pixel value of a segmentation to whether it is inside. */
type Inside = (value: number) => boolean;

interface Opened {
  readonly format: PixelFormat;
  readonly frames: readonly SegmentFrame[];
  readonly labelmap: boolean;
}

function open(file: DicomFile): Opened {
  const { path, data, pixels } = file;
  if (kindOf(data.text(TAGS.SOPClassUID) ?? "", pixels !== undefined) !== "segmentation")
    throw unreadableDicom(path, "no DICOM segmentation", "check what it is, or take it out of the folder");
  const format = pixelFormat(file);
  if (format.samples !== 1) throw unreadableDicom(path, "a segmentation in colour", "export it again");
  return {
    format,
    frames: segmentFrames(path, data, format.frames),
    labelmap: data.text(TAGS.SegmentationType) === "LABELMAP",
  };
}

/** Text in the characters of the file, as far as Node knows them. */
function labelOf(data: DataSet, item: DataSet): string {
  const label = item.text(TAGS.SegmentLabel) ?? "";
  const utf8 = data.text(TAGS.SpecificCharacterSet) === "ISO_IR 192";
  return utf8 ? Buffer.from(label, "latin1").toString("utf8") : label;
}

function coversOf(frames: readonly SegmentFrame[]): Segmentation["covers"] {
  const covers = new Map<string, { instance: string; frame: number }>();
  for (const { images } of frames)
    for (const { instance, frames: some } of images)
      for (const frame of some ?? [0]) covers.set(`${instance} ${frame}`, { instance, frame });
  return [...covers.values()];
}

/**
 * Reads which images a DICOM segmentation marks, and its segments, without its pixels. A reference without frame numbers
 * counts as one to the first frame; images of several frames are matched to all by `readSegmentationMask`.
 *
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE; DatasetError SEGMENTATION_UNMATCHED where it refers to no image
 */
export async function readSegmentation(path: string): Promise<Segmentation> {
  return await withDicom(path, async (file) => {
    const { format, frames } = open(file);
    const segments = file.data.items(TAGS.SegmentSequence).map((item) => ({
      number: item.number(TAGS.SegmentNumber) ?? 0,
      label: labelOf(file.data, item),
    }));
    return { covers: coversOf(frames), segments, rows: format.rows, columns: format.columns };
  });
}

/** What is inside: set bits, at least half of the full value, or the labels of a label map (PS3.3 C.8.20.2). */
function insideOf({ data }: DicomFile, labelmap: boolean, wanted: ReadonlySet<number> | undefined): Inside {
  if (labelmap) {
    const background = data.number(TAGS.PixelPaddingValue) ?? 0;
    return (value) => (wanted ? wanted.has(value) : value !== 0 && value !== background);
  }
  if (data.text(TAGS.SegmentationType) !== "FRACTIONAL") return (value) => value > 0;
  const half = (data.number(TAGS.MaximumFractionalValue) ?? 255) / 2;
  return (value) => value >= half;
}

const isAbout = (image: ImageReference, instance: string, frame: number) =>
  image.instance === instance && (image.frames?.includes(frame) ?? true);

function unite(mask: Uint8Array, values: Samples, inside: Inside): void {
  for (let i = 0; i < mask.length; i++) if (inside(values[i])) mask[i] = 1;
}

function unmatched(path: string, { frame, segments }: { frame: number; segments?: readonly number[] }): DatasetError {
  const which = segments ? `segment ${segments.join(", ")}` : "nothing";
  return new DatasetError(
    "SEGMENTATION_UNMATCHED",
    `${path}: marks ${which}${segments ? " nowhere" : ""} on frame ${frame + 1} of the image; check segments: in site.yaml, ` +
      "or take the pair out",
    { path, frame },
  );
}

/**
 * Reads the union of the chosen segments on one frame of an image, with square pixels as `readDicomImage` gives them:
 * where the segmentation's pixels are not square the coarser axis is filled in with the nearest pixel. BINARY, FRACTIONAL
 * (at least half) and LABELMAP segmentations, compressed or not.
 *
 * The image is not looked at: whether both have one grid is for the caller to compare.
 *
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE; DatasetError SEGMENTATION_UNMATCHED where it does not mark the frame
 */
export async function readSegmentationMask(source: Extract<MaskSource, { kind: "dicom-seg" }>): Promise<Mask> {
  const { path, instance, frame, segments } = source;
  return await withDicom(path, async (file) => {
    const { format, frames, labelmap } = open(file);
    const wanted = segments && new Set(segments);
    const chosen = [...frames.entries()].filter(
      ([, { segment, images }]) =>
        images.some((image) => isAbout(image, instance, frame)) &&
        (labelmap || !wanted || (segment !== undefined && wanted.has(segment))),
    );
    if (chosen.length === 0) throw unmatched(path, source);
    const { rows, columns } = format;
    const { width, height } = squareFrame(new FrameAttributes(file.data, chosen[0][0]), format);
    if (width * height > MAX_PIXELS)
      throw new ImageError(
        "IMAGE_TOO_LARGE",
        `${path}: with square pixels it would be ${width} x ${height}; resample it`,
        {
          path,
        },
      );
    const inside = insideOf(file, labelmap, wanted);
    const data = new Uint8Array(rows * columns);
    for (const [index] of chosen) unite(data, (await decodeFrame(file, format, index)).values, inside);
    return resizeMask({ data, width: columns, height: rows }, width, height);
  });
}

import { UsageError } from "../common/errors.js";
import { DatasetError } from "../data/errors.js";
import type { Mask } from "../image/image.js";
import { resizeMask } from "../image/resize.js";
import { mixedText } from "./character-set.js";
import { type DataElements, writeElements } from "./element-writer.js";
import { type DicomFile, withDicom } from "./file.js";
import { SEGMENTATION_CLASS } from "./header.js";
import { checkFrame } from "./pixel-format.js";
import { type MarkedFrame, segmentationImage } from "./segmentation-image.js";
import { COPIED, patientAndStudy, type SourceImage, sourceImage } from "./source-image.js";
import { TAGS } from "./tags.js";
import { EXPLICIT_LITTLE } from "./transfer-syntax.js";
import { newUid } from "./uid.js";

/** A coded concept (PS3.3 8.8). */
export interface Concept {
  readonly value: string;
  /** SCT for SNOMED CT, DCM for DICOM's own. */
  readonly scheme: string;
  readonly meaning: string;
}

export interface NewSegmentation {
  /** Path of the image. */
  readonly source: string;
  /** Of the image, from 0. */
  readonly frame: number;
  /** At the size at which `readDicomImage` gives the frame. */
  readonly mask: Mask;
  /** More frames of the same image. */
  readonly more?: readonly { readonly frame: number; readonly mask: Mask }[];
  /** What the segment is called, at most 64 characters. */
  readonly label: string;
  /** Name of what made it, at most 64 characters. */
  readonly algorithm: string;
  /** SEMIAUTOMATIC (a person clicked) without. */
  readonly algorithmType?: "AUTOMATIC" | "SEMIAUTOMATIC";
  /** What kind of thing the segment is, and what thing; "Tissue" for both without, which says least. */
  readonly category?: Concept;
  readonly type?: Concept;
  /** At most 64 characters. */
  readonly seriesDescription?: string;
  /** Makes a new identifier each time. */
  readonly uid?: () => string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const TISSUE: Concept = { value: "85756007", scheme: "SCT", meaning: "Tissue" };
/** Of this program, as PS3.7 D.3.3.2 asks. */
const IMPLEMENTATION = "2.25.154452284938369523806992871826811083734";
const NAME = "FedBAPS";
const MAX_TEXT = 64;
const PREAMBLE = 128;

/** Text for a VR of 64 characters: no backslash, which parts values, and no control characters. */
function plainText(name: string, text: string): string {
  const plain = text.replace(/[\\\p{Cc}]/gu, " ").trim();
  if (plain === "" || plain.length > MAX_TEXT)
    throw new UsageError(`${name}: must have 1 to ${MAX_TEXT} characters, not ${plain.length}`, { name });
  return plain;
}

/** The machine's time, as the instruments of a hospital write it. */
function dateAndTime(now: number): { date: string; time: string } {
  const at = new Date(now);
  const two = (value: number) => String(value).padStart(2, "0");
  return {
    date: `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`,
    time: `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`,
  };
}

/** A mask on the grid in which the image is stored. @throws DatasetError MASK_SIZE */
function onGrid(path: string, mask: Mask, { square, format }: SourceImage): Uint8Array {
  if (mask.width !== square.width || mask.height !== square.height)
    throw new DatasetError(
      "MASK_SIZE",
      `${path}: the mask has ${mask.width} x ${mask.height} pixels, the image ${square.width} x ${square.height}; give a mask of the image's size`,
      { path },
    );
  return resizeMask(mask, format.columns, format.rows).data;
}

function markedFrames(file: DicomFile, source: SourceImage, request: NewSegmentation): MarkedFrame[] {
  const { frame, mask, more = [] } = request;
  const frames = [{ frame, mask }, ...more].sort((a, b) => a.frame - b.frame);
  return frames.map((marked) => {
    checkFrame(file.path, source.format.frames, marked.frame);
    return { frame: marked.frame, data: onGrid(file.path, marked.mask, source) };
  });
}

function concept({ value, scheme, meaning }: Concept): DataElements[] {
  return [
    [
      [TAGS.CodeValue, value],
      [TAGS.CodingSchemeDesignator, scheme],
      [TAGS.CodeMeaning, meaning],
    ],
  ];
}

function segment(request: NewSegmentation, label: string, algorithm: string): DataElements {
  return [
    [TAGS.SegmentNumber, [1]],
    [TAGS.SegmentLabel, label],
    [TAGS.SegmentAlgorithmType, request.algorithmType ?? "SEMIAUTOMATIC"],
    [TAGS.SegmentAlgorithmName, algorithm],
    [TAGS.SegmentedPropertyCategoryCodeSequence, concept(request.category ?? TISSUE)],
    [TAGS.SegmentedPropertyTypeCodeSequence, concept(request.type ?? TISSUE)],
  ];
}

/** The file: preamble, meta information, data set (PS3.10 7.1). */
function part10(instance: string, data: DataElements): Uint8Array {
  const meta = writeElements([
    [TAGS.FileMetaInformationVersion, Uint8Array.of(0, 1)],
    [TAGS.MediaStorageSOPClassUID, SEGMENTATION_CLASS],
    [TAGS.MediaStorageSOPInstanceUID, instance],
    [TAGS.TransferSyntaxUID, EXPLICIT_LITTLE.uid],
    [TAGS.ImplementationClassUID, IMPLEMENTATION],
    [TAGS.ImplementationVersionName, NAME.toUpperCase()],
  ]);
  const length = writeElements([[TAGS.FileMetaInformationGroupLength, [meta.length]]]);
  return Buffer.concat([Buffer.alloc(PREAMBLE), Buffer.from("DICM"), length, meta, writeElements(data)]);
}

function encode(file: DicomFile, request: NewSegmentation): Uint8Array {
  const label = plainText("label", request.label);
  const algorithm = plainText("algorithm", request.algorithm);
  const description = plainText("series description", request.seriesDescription ?? "Segmentation");
  const concepts = [request.category, request.type].flatMap((given) => (given ? [given.meaning] : []));
  const text = mixedText(file.data, COPIED, [label, algorithm, description, ...concepts]);
  if (!text)
    throw new UsageError(
      `${label}: cannot be written beside the patient's name in the characters of ${file.path}; use letters a to z`,
      { path: file.path },
    );
  const source = sourceImage(file, request.frame);
  const marked = markedFrames(file, source, request);
  const uid = request.uid ?? newUid;
  const instance = uid();
  const { date, time } = dateAndTime(request.now);
  const reference: DataElements = [
    [TAGS.ReferencedSOPClassUID, source.sopClass],
    [TAGS.ReferencedSOPInstanceUID, source.instance],
  ];
  return part10(instance, [
    [TAGS.SpecificCharacterSet, text.characterSet],
    ...patientAndStudy(file, text.copied),
    [TAGS.SOPClassUID, SEGMENTATION_CLASS],
    [TAGS.SOPInstanceUID, instance],
    [TAGS.InstanceCreationDate, date],
    [TAGS.InstanceCreationTime, time],
    [TAGS.StudyInstanceUID, source.study],
    [TAGS.Modality, "SEG"],
    [TAGS.SeriesInstanceUID, uid()],
    [TAGS.SeriesNumber, ["1000"]],
    [TAGS.SeriesDate, date],
    [TAGS.SeriesTime, time],
    [TAGS.SeriesDescription, description],
    [TAGS.Manufacturer, NAME],
    [TAGS.ManufacturerModelName, NAME],
    [TAGS.DeviceSerialNumber, "1"],
    [TAGS.SoftwareVersions, NAME],
    [TAGS.InstanceNumber, ["1"]],
    [TAGS.ContentDate, date],
    [TAGS.ContentTime, time],
    [TAGS.ContentLabel, "SEGMENTATION"],
    [TAGS.ContentDescription, description],
    [TAGS.ContentCreatorName, ""],
    [TAGS.SegmentSequence, [segment(request, label, algorithm)]],
    [
      TAGS.ReferencedSeriesSequence,
      [
        [
          [TAGS.SeriesInstanceUID, source.series],
          [TAGS.ReferencedInstanceSequence, [reference]],
        ],
      ],
    ],
    ...segmentationImage(file, source, marked, uid()),
  ]);
}

/**
 * Makes a DICOM segmentation (PS3.3 A.51: BINARY, one segment, Explicit VR Little Endian) of frames of an image. It
 * belongs to the same patient and study, whose elements it repeats byte for byte, and refers to the image and the frames.
 * The masks are put back onto the grid in which the image is stored.
 *
 * The result names the patient: it is for the site's own disk, and for its archive once a person has looked at it.
 *
 * @returns the bytes of a file
 * @throws ImageError where the image cannot be read or lacks identifiers; DatasetError FRAME_MISSING, MASK_SIZE; UsageError
 *   for text that is empty, too long, or not in the image's characters
 */
export async function encodeSegmentation(request: NewSegmentation): Promise<Uint8Array> {
  return await withDicom(request.source, async (file) => encode(file, request));
}

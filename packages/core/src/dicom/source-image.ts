import type { Size } from "../image/place.js";
import type { DataElements, WritableElement } from "./element-writer.js";
import type { DicomFile } from "./file.js";
import { FrameAttributes } from "./functional-groups.js";
import { type PixelFormat, pixelFormat } from "./pixel-format.js";
import { pixelSides, squareFrame } from "./spacing.js";
import { TAGS, type Tag } from "./tags.js";
import { COPY_AGAIN, unreadableDicom } from "./unreadable.js";

/** Of the patient and the study; those that a segmentation must have, if only empty (type 2). */
const NEEDED: readonly Tag[] = [
  TAGS.PatientName,
  TAGS.PatientID,
  TAGS.PatientBirthDate,
  TAGS.PatientSex,
  TAGS.StudyDate,
  TAGS.StudyTime,
  TAGS.ReferringPhysicianName,
  TAGS.StudyID,
  TAGS.AccessionNumber,
];
const OPTIONAL: readonly Tag[] = [
  TAGS.IssuerOfPatientID,
  TAGS.PatientAge,
  TAGS.PatientIdentityRemoved,
  TAGS.DeidentificationMethod,
  TAGS.StudyDescription,
];

/** What a segmentation repeats of the patient and the study. */
export const COPIED: readonly Tag[] = [...NEEDED, ...OPTIONAL];

/** What a segmentation has to know of its image. */
export interface SourceImage {
  readonly sopClass: string;
  readonly instance: string;
  readonly study: string;
  readonly series: string;
  readonly format: PixelFormat;
  /** With square pixels. */
  readonly square: Size;
}

/** @throws ImageError IMAGE_UNREADABLE where the image lacks an identifier that a segmentation must repeat */
export function sourceImage(file: DicomFile, frame: number): SourceImage {
  const uid = (tag: Tag, name: string): string => {
    const value = file.data.text(tag);
    if (!value) throw unreadableDicom(file.path, `no ${name}, which a segmentation has to repeat`, COPY_AGAIN);
    return value;
  };
  const format = pixelFormat(file);
  return {
    sopClass: uid(TAGS.SOPClassUID, "SOP Class UID"),
    instance: uid(TAGS.SOPInstanceUID, "SOP Instance UID"),
    study: uid(TAGS.StudyInstanceUID, "Study Instance UID"),
    series: uid(TAGS.SeriesInstanceUID, "Series Instance UID"),
    format,
    square: squareFrame(new FrameAttributes(file.data, frame), format),
  };
}

/** The patient's and the study's elements. @param copied brings a value's bytes to the new character set */
export function patientAndStudy({ data }: DicomFile, copied: (bytes: Uint8Array) => Uint8Array): DataElements {
  const value = (tag: Tag): WritableElement => {
    const bytes = data.bytes(tag);
    return [tag, bytes ? copied(bytes) : ""];
  };
  return [...NEEDED.map(value), ...OPTIONAL.filter((tag) => data.element(tag)).map(value)];
}

/** Where a frame lies in the patient; nothing where the file does not say all of it. */
export interface Geometry {
  readonly position: WritableElement;
  readonly orientation: WritableElement;
  readonly measures: DataElements;
}

function copy(attributes: FrameAttributes, macro: Tag, tag: Tag): WritableElement | undefined {
  const bytes = attributes.holder(macro, tag)?.bytes(tag);
  return bytes && bytes.length > 0 ? [tag, bytes] : undefined;
}

export function geometryOf({ data }: DicomFile, frame: number): Geometry | undefined {
  const attributes = new FrameAttributes(data, frame);
  const position = copy(attributes, TAGS.PlanePositionSequence, TAGS.ImagePositionPatient);
  const orientation = copy(attributes, TAGS.PlaneOrientationSequence, TAGS.ImageOrientationPatient);
  const spacing = copy(attributes, TAGS.PixelMeasuresSequence, TAGS.PixelSpacing);
  const thickness = copy(attributes, TAGS.PixelMeasuresSequence, TAGS.SliceThickness);
  if (!position || !orientation || !spacing || !data.text(TAGS.FrameOfReferenceUID)) return undefined;
  return { position, orientation, measures: thickness ? [spacing, thickness] : [spacing] };
}

const PARTS = 1_000_000;

/** The sides of pixels for an object without geometry: their ratio, where it is not 1. */
export function aspectRatio({ data }: DicomFile, frame: number): DataElements {
  const { down, across } = pixelSides(new FrameAttributes(data, frame));
  if (down === across) return [];
  const finer = Math.min(down, across);
  return [[TAGS.PixelAspectRatio, [down, across].map((side) => String(Math.round((side / finer) * PARTS)))]];
}

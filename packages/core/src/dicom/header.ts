import { open } from "node:fs/promises";
import type { DataSet } from "./data-set.js";
import { type DicomFile, withDicom } from "./file.js";
import { pixelFormat } from "./pixel-format.js";
import { findStart, START_BYTES } from "./start.js";
import { TAGS } from "./tags.js";

/** What a DICOM file is about. */
export interface DicomHeader {
  /** SOP Instance UID; empty where the file has none. */
  readonly instance: string;
  /** SOP Class UID; empty where the file has none. */
  readonly sopClass: string;
  readonly modality: string;
  /** Of the stored grid; 0 of what is no picture. */
  readonly rows: number;
  readonly columns: number;
  /** 0 of what is no picture. */
  readonly frames: number;
  /** For telling patients apart at this site. Never leaves it, and is written nowhere. */
  readonly patientId?: string;
  /** Study Instance UID: a study is one patient's. Never leaves the site, and is written nowhere. */
  readonly study?: string;
  readonly kind: "image" | "segmentation" | "other";
}

export const SEGMENTATION_CLASS = "1.2.840.10008.5.1.4.1.1.66.4";
/** Label Map Segmentation Storage. */
const LABELMAP_CLASS = "1.2.840.10008.5.1.4.1.1.66.7";
/** Pixels that are no picture: doses (RT Dose), numbers for surfaces. */
const NO_PICTURES = new Set(["1.2.840.10008.5.1.4.1.1.481.2"]);

/** Whether a file is a DICOM file, by its content. @throws the error of the file system for one that cannot be opened */
export async function looksLikeDicom(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    if (!(await file.stat()).isFile()) return false;
    const { buffer, bytesRead } = await file.read(new Uint8Array(START_BYTES), 0, START_BYTES, 0);
    return findStart(buffer.subarray(0, bytesRead)) !== undefined;
  } finally {
    await file.close();
  }
}

/** The kind of a SOP class, of a file that has pixels or not. */
export function kindOf(sopClass: string, pixels: boolean): DicomHeader["kind"] {
  if (!pixels || NO_PICTURES.has(sopClass)) return "other";
  return sopClass === SEGMENTATION_CLASS || sopClass === LABELMAP_CLASS ? "segmentation" : "image";
}

/** Text in the data set's own characters where these are UTF-8, else as Latin-1: it only has to tell patients apart. */
function patientIdOf(data: DataSet): string | undefined {
  const id = data.text(TAGS.PatientID);
  const utf8 = data.text(TAGS.SpecificCharacterSet) === "ISO_IR 192";
  return id !== undefined && utf8 ? Buffer.from(id, "latin1").toString("utf8") : id;
}

/** The header of an open file. @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE */
export function headerOf(file: DicomFile): DicomHeader {
  const { data, pixels } = file;
  const sopClass = data.text(TAGS.SOPClassUID) ?? "";
  const patientId = patientIdOf(data);
  const study = data.text(TAGS.StudyInstanceUID);
  const kind = kindOf(sopClass, pixels !== undefined);
  // Checked here, so that nobody lists the frames of a file that announces a thousand million.
  const { rows, columns, frames } = kind === "other" ? { rows: 0, columns: 0, frames: 0 } : pixelFormat(file);
  return {
    instance: data.text(TAGS.SOPInstanceUID) ?? "",
    sopClass,
    modality: data.text(TAGS.Modality) ?? "",
    rows,
    columns,
    frames,
    ...(patientId === undefined ? {} : { patientId }),
    ...(study === undefined ? {} : { study }),
    kind,
  };
}

/**
 * Reads what a file is about: its beginning up to the pixels, which are not read (a deflated file is unpacked whole).
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE; of an image or a segmentation also where its pixels cannot be what
 *   the header says
 */
export async function readDicomHeader(path: string): Promise<DicomHeader> {
  return await withDicom(path, async (file) => headerOf(file));
}

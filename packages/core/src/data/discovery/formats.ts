import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { type DicomHeader, looksLikeDicom, readDicomHeader } from "../../dicom/header.js";
import { type Problem, problemOf } from "../problem.js";

const PICTURES = [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".webp"];
const VOLUMES = [".nii.gz", ".nii", ".hdr"];
/** DICOM files also come without an extension, or with a number after the last dot that is none. */
const DICOM = [".dcm", ".dicom", ".ima"];
const KNOWN = [...VOLUMES, ...PICTURES, ...DICOM];

/** What people may put into a data folder, for error texts. */
export const EXPECTED = "PNG, JPEG, TIFF, BMP, DICOM or NIfTI";

/** A file that may be a picture or a mask. */
export interface FoundFile {
  readonly path: string;
  /** The name without its extension, below the folder of its kind, with "/" between the names. */
  readonly stem: string;
  readonly kind: "picture" | "nifti" | "dicom" | "segmentation";
  /** Of DICOM files. */
  readonly header?: DicomHeader;
  /** Bytes. */
  readonly size: number;
}

/**
 * A file name without its extension; `.nii.gz` is one, and a number after a dot (as in a UID) is none. Macs write letters
 * with accents in another way than other systems do (Unicode NFD): here they are equal.
 */
export function stemOf(name: string): string {
  const lower = name.toLowerCase();
  const extension = KNOWN.find((known) => lower.endsWith(known));
  return (extension ? name.slice(0, -extension.length) : name).normalize("NFC");
}

const hasOneOf = (name: string, extensions: readonly string[]) =>
  extensions.some((extension) => name.toLowerCase().endsWith(extension));

/** What a file is: raster pictures and volumes by their names, DICOM by its content. Nothing for other files. */
export async function identify(path: string, stem: string): Promise<FoundFile | Problem | undefined> {
  try {
    const info = await stat(path);
    // A pipe or a socket would keep its reader waiting for ever.
    if (!info.isFile()) return undefined;
    const { size } = info;
    if (hasOneOf(path, PICTURES)) return { path, stem, kind: "picture", size };
    if (hasOneOf(path, VOLUMES)) return { path, stem, kind: "nifti", size };
    if (!hasOneOf(path, DICOM) && !(await looksLikeDicom(path))) return undefined;
    const header = await readDicomHeader(path);
    if (header.kind === "other") return undefined;
    return { path, stem, kind: header.kind === "image" ? "dicom" : "segmentation", header, size };
  } catch (error) {
    return (await accessProblem(path)) ?? problemOf(error, path);
  }
}

export function isProblem(found: FoundFile | Problem): found is Problem {
  return "severity" in found;
}

/**
 * Why a file cannot be opened, where that is no matter of its content: a file that is not there, or that this user may
 * not read, must not pass for a damaged one.
 */
export async function accessProblem(path: string): Promise<Problem | undefined> {
  try {
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    const forbidden = ["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "");
    return {
      severity: "case",
      code: forbidden ? "FILE_FORBIDDEN" : "IMAGE_UNREADABLE",
      file: path,
      message: forbidden ? "this user may not read the file" : "no such file",
      remedy: forbidden ? "give the agent's user the right to read it; the file itself may be fine" : "check the path",
    };
  }
}

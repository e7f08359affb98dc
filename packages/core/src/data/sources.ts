/** Standard planes of a volume, by the axis they stand across: superior, anterior, right. */
export type Plane = "axial" | "coronal" | "sagittal";

/**
 * How stored grey values become 0..255: the window of the file where it has one, else percentiles (`file`); always the
 * 0.5th and 99.5th percentile of the picture (`percentiles`); or a window in units of the modality (Hounsfield units, for
 * CT).
 */
export type WindowRule = "file" | "percentiles" | { readonly center: number; readonly width: number };

/** Where one picture is. */
export type PictureSource =
  /** PNG, JPEG, TIFF or BMP. */
  | { readonly kind: "picture"; readonly path: string }
  /** `frame` from 0. */
  | { readonly kind: "dicom"; readonly path: string; readonly frame: number; readonly window?: WindowRule }
  /** `index` from 0, along the axis that the plane stands across, in the order right, anterior, superior. */
  | {
      readonly kind: "nifti";
      readonly path: string;
      readonly plane: Plane;
      readonly index: number;
      readonly window?: WindowRule;
    };

/** Which picture of its file a source is, for a person: "axial slice 12", "frame 3"; empty for a file of one picture. */
export function placeInFile(source: PictureSource | MaskSource): string {
  if (source.kind === "picture") return "";
  if (source.kind === "nifti") return `${source.plane} slice ${source.index}`;
  return source.kind === "dicom" && source.frame === 0 ? "" : `frame ${source.frame + 1}`;
}

/** Where one mask is. */
export type MaskSource =
  | { readonly kind: "picture"; readonly path: string }
  /** The segments of a DICOM-SEG file on one frame (from 0) of the image with this SOP Instance UID; all unless named. */
  | {
      readonly kind: "dicom-seg";
      readonly path: string;
      readonly instance: string;
      readonly frame: number;
      readonly segments?: readonly number[];
    }
  /** Voxels of these labels are inside; all but 0 unless named. */
  | {
      readonly kind: "nifti";
      readonly path: string;
      readonly plane: Plane;
      readonly index: number;
      readonly labels?: readonly number[];
    };

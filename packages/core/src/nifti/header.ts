import { NIFTI1, NIFTI2, readHeader } from "nifti-reader-js";
import { otherContent } from "../image/content.js";
import { ImageError } from "../image/errors.js";
import { type Affine, isInvertible, type Triple } from "./affine.js";
import { COPY_AGAIN, unreadableVolume } from "./unreadable.js";
import { type VoxelType, voxelType } from "./voxel-type.js";

/** What of a NIfTI header is used. */
export interface NiftiHeader {
  /** Voxels along the stored axes i, j, k. */
  readonly storedShape: Triple;
  readonly type: VoxelType;
  readonly littleEndian: boolean;
  /** Whether this is the `.hdr` of a pair, the voxels of which are in an `.img` file. */
  readonly pair: boolean;
  /** Where the voxels begin, in bytes from the start of the uncompressed file that holds them. */
  readonly offset: number;
  /** A stored number times `slope` plus `intercept` is its value; 1 and 0 for colour. */
  readonly slope: number;
  readonly intercept: number;
  /** The display range, `cal_min` to `cal_max`, where the file has one. */
  readonly display?: { readonly low: number; readonly high: number };
  readonly affine: Affine;
  /** Which part of the header the affine comes from; `none`: voxel sizes only, so the sides of the body are a guess. */
  readonly orientation: "sform" | "qform" | "none";
}

/** So many bytes are enough for the header of either version. */
export const HEADER_BYTES = NIFTI2.MAGIC_COOKIE;

/** Larger volumes are refused before memory is taken for them. */
const MAX_BYTES = 2 * 1024 ** 3;

const NOT_NIFTI = { reason: "not a NIfTI file (it does not begin as one)", remedy: "save it again as .nii or .nii.gz" };

const TO_MILLIMETRES: Readonly<Record<number, number>> = {
  [NIFTI1.UNITS_METER]: 1000,
  [NIFTI1.UNITS_MICRON]: 0.001,
};

/** Parses the fixed part of the header, of either version and byte order. */
function parse(path: string, bytes: Uint8Array): NIFTI1 | NIFTI2 {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizes = bytes.length >= 4 ? [view.getInt32(0, true), view.getInt32(0, false)] : [];
  const length = [NIFTI1.MAGIC_COOKIE, NIFTI2.MAGIC_COOKIE].find((size) => sizes.includes(size));
  if (!length) {
    // A text, a web page, the pointer to a file: what people find under the name of a volume.
    const { reason, remedy } = otherContent(bytes) ?? NOT_NIFTI;
    throw unreadableVolume(path, reason, remedy);
  }
  if (bytes.length < length)
    throw unreadableVolume(path, `cut short within its header (${bytes.length} bytes of ${length})`, COPY_AGAIN);
  // Without what follows the fixed part: extensions hold nothing that is needed, and damaged ones must not matter.
  // A copy in memory of its own: slice() of a Buffer would view the pool that the Buffer lies in.
  const fixed = Uint8Array.from(bytes.subarray(0, length)).buffer;
  try {
    return readHeader(fixed, true);
  } catch (cause) {
    const analyze = length === NIFTI1.MAGIC_COOKIE && bytes.subarray(344, 348).every((byte) => byte === 0);
    throw analyze
      ? unreadableVolume(
          path,
          "an ANALYZE 7.5 file, which does not say where left and right are",
          "convert it to NIfTI with a program that knows where it came from",
          cause,
        )
      : unreadableVolume(path, "not a NIfTI file (its magic number is wrong)", COPY_AGAIN, cause);
  }
}

/** Whether the voxels are in another file (nifti1.h, magic "ni1"; nifti2.h, "ni2"). */
function isPair(header: NIFTI1 | NIFTI2): boolean {
  return header.magic.startsWith("ni");
}

/** Columns, rows and slices; axes beyond may be there if they have one entry. */
function shapeOf(path: string, dims: readonly number[]): Triple {
  const count = dims[0];
  const absurd = () =>
    unreadableVolume(path, `the header's dimensions make no sense (${dims.slice(0, 8).join(", ")})`, COPY_AGAIN);
  if (!Number.isInteger(count) || count < 1 || count > 7) throw absurd();
  // Axes that the header does not count are of one voxel, whatever their fields hold.
  const sides = Array.from({ length: 7 }, (_, i) => (i < count ? dims[i + 1] : 1));
  if (sides.some((side) => !Number.isSafeInteger(side) || side < 1)) throw absurd();
  const extra = sides.slice(3);
  if (extra.some((side) => side > 1))
    throw unreadableVolume(
      path,
      `${count} dimensions (${sides.slice(0, count).join(" x ")}), where one volume of three is expected`,
      "save the volume that is wanted as a file of its own",
    );
  return [sides[0], sides[1], sides[2]];
}

function typeOf(path: string, code: number): VoxelType {
  const type = voxelType(code);
  if (typeof type !== "string") return type;
  throw unreadableVolume(path, `${type} are not read`, "save it as whole numbers or float32");
}

/** The rows of the sform; the library's `affine` may hold the qform instead. */
function sform(header: NIFTI1 | NIFTI2, bytes: Uint8Array): number[][] {
  if (!(header instanceof NIFTI1)) return header.affine;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const at = (row: number, column: number) => view.getFloat32(280 + 16 * row + 4 * column, header.littleEndian);
  return [0, 1, 2].map((row) => [0, 1, 2, 3].map((column) => at(row, column)));
}

/**
 * Voxel to world: the sform where the file has one, else the qform, else voxel sizes along right, anterior, superior
 * (methods 3, 2 and 1 of nifti1.h). One that is not invertible counts as absent.
 */
function placeOf(header: NIFTI1 | NIFTI2, bytes: Uint8Array): Pick<NiftiHeader, "affine" | "orientation"> {
  const unit = TO_MILLIMETRES[header.xyzt_units & NIFTI1.SPATIAL_UNITS_MASK] ?? 1;
  const scaled = (rows: readonly (readonly number[])[]) =>
    rows.slice(0, 3).map((row) => row.slice(0, 4).map((value) => value * unit)) as unknown as Affine;
  if (header.sform_code > 0) {
    const affine = scaled(sform(header, bytes));
    if (isInvertible(affine)) return { affine, orientation: "sform" };
  }
  if (header.qform_code > 0) {
    const affine = scaled(header.getQformMat());
    if (isInvertible(affine)) return { affine, orientation: "qform" };
  }
  const [x, y, z] = [1, 2, 3].map((axis) => Math.abs(header.pixDims[axis])).map((size) => (size > 0 ? size : 1));
  const affine = scaled([
    [x, 0, 0, 0],
    [0, y, 0, 0],
    [0, 0, z, 0],
  ]);
  return { affine, orientation: "none" };
}

/** A slope of 0, or none, means that stored numbers are values (nifti1.h, "data scaling"). */
function scalingOf(path: string, header: NIFTI1 | NIFTI2, type: VoxelType): { slope: number; intercept: number } {
  const { scl_slope: slope, scl_inter: intercept } = header;
  if (type.channels > 1 || !Number.isFinite(slope) || slope === 0) return { slope: 1, intercept: 0 };
  if (Number.isFinite(intercept)) return { slope, intercept };
  throw unreadableVolume(path, `scl_inter is ${intercept}, where a number is expected`, COPY_AGAIN);
}

/** The bytes of all voxels. */
export function voxelBytes({ storedShape, type }: Pick<NiftiHeader, "storedShape" | "type">): number {
  return storedShape[0] * storedShape[1] * storedShape[2] * type.bytes * type.channels;
}

/**
 * Reads a NIfTI-1 or NIfTI-2 header (nifti1.h, nifti2.h) of either byte order.
 * @param bytes the first bytes of the uncompressed file: `HEADER_BYTES`, or all if the file is shorter
 * @throws ImageError IMAGE_UNREADABLE; IMAGE_TOO_LARGE for more than 2 GiB of voxels
 */
export function readNiftiHeader(path: string, bytes: Uint8Array): NiftiHeader {
  const header = parse(path, bytes);
  const storedShape = shapeOf(path, header.dims);
  const type = typeOf(path, header.datatypeCode);
  const size = voxelBytes({ storedShape, type });
  if (size > MAX_BYTES)
    throw new ImageError(
      "IMAGE_TOO_LARGE",
      `${path}: the header announces ${storedShape.join(" x ")} voxels of ${type.name}, more than ` +
        `${MAX_BYTES / 1024 ** 3} GiB; if that is true, save a part of the volume, else copy the file again`,
      { path, storedShape },
    );
  const pair = isPair(header);
  const least = pair ? 0 : header instanceof NIFTI1 ? 352 : 544;
  // Some writers leave the field 0; the voxels then follow the header.
  const offset = header.vox_offset === 0 ? least : header.vox_offset;
  if (!Number.isSafeInteger(offset) || offset < least)
    throw unreadableVolume(path, `the header says that voxels begin at byte ${offset}`, COPY_AGAIN);
  const { cal_min: low, cal_max: high } = header;
  return {
    storedShape,
    type,
    littleEndian: header.littleEndian,
    pair,
    offset,
    ...scalingOf(path, header, type),
    ...(Number.isFinite(low) && Number.isFinite(high) && high > low ? { display: { low, high } } : {}),
    ...placeOf(header, bytes),
  };
}

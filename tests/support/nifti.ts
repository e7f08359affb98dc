/** What to write into a NIfTI file; voxels as `values`, in stored order (i fastest). */
export interface NiftiContent {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  /** One of the names in `TYPES`. */
  readonly type?: string;
  readonly version?: 1 | 2;
  readonly bigEndian?: boolean;
  /** Rows of voxel to millimetres; written as the sform. */
  readonly affine?: readonly (readonly number[])[];
  /** Header fields by name, over what the rest of the content gives. */
  readonly fields?: Readonly<Record<string, number | readonly number[] | string>>;
}

type Put = (view: DataView, at: number, value: number, little: boolean) => void;

const TYPES: Readonly<Record<string, readonly [code: number, bytes: number, put: Put]>> = {
  uint8: [2, 1, (v, at, x) => v.setUint8(at, x)],
  int16: [4, 2, (v, at, x, l) => v.setInt16(at, x, l)],
  int32: [8, 4, (v, at, x, l) => v.setInt32(at, x, l)],
  float32: [16, 4, (v, at, x, l) => v.setFloat32(at, x, l)],
  complex64: [32, 8, (v, at, x, l) => v.setFloat32(at, x, l)],
  float64: [64, 8, (v, at, x, l) => v.setFloat64(at, x, l)],
  rgb24: [128, 1, (v, at, x) => v.setUint8(at, x)],
  int8: [256, 1, (v, at, x) => v.setInt8(at, x)],
  uint16: [512, 2, (v, at, x, l) => v.setUint16(at, x, l)],
  uint32: [768, 4, (v, at, x, l) => v.setUint32(at, x, l)],
  int64: [1024, 8, (v, at, x, l) => v.setBigInt64(at, BigInt(x), l)],
  uint64: [1280, 8, (v, at, x, l) => v.setBigUint64(at, BigInt(x), l)],
  rgba32: [2304, 1, (v, at, x) => v.setUint8(at, x)],
};

type Kind = "u8" | "i16" | "i32" | "i64" | "f32" | "f64" | "text";
/** Field by name: where it is and what it is, in version 1 and in version 2 (nifti1.h, nifti2.h). */
const FIELDS: Readonly<Record<string, readonly [at1: number, kind1: Kind, at2: number, kind2: Kind]>> = {
  sizeof_hdr: [0, "i32", 0, "i32"],
  dim: [40, "i16", 16, "i64"],
  datatype: [70, "i16", 12, "i16"],
  bitpix: [72, "i16", 14, "i16"],
  pixdim: [76, "f32", 104, "f64"],
  vox_offset: [108, "f32", 168, "i64"],
  scl_slope: [112, "f32", 176, "f64"],
  scl_inter: [116, "f32", 184, "f64"],
  xyzt_units: [123, "u8", 500, "i32"],
  cal_max: [124, "f32", 192, "f64"],
  cal_min: [128, "f32", 200, "f64"],
  qform_code: [252, "i16", 344, "i32"],
  sform_code: [254, "i16", 348, "i32"],
  quatern: [256, "f32", 352, "f64"],
  qoffset: [268, "f32", 376, "f64"],
  srow: [280, "f32", 400, "f64"],
  magic: [344, "text", 4, "text"],
};

const WIDTH: Readonly<Record<Kind, number>> = { u8: 1, i16: 2, i32: 4, i64: 8, f32: 4, f64: 8, text: 1 };

function put(view: DataView, kind: Kind, at: number, value: number, little: boolean): void {
  if (kind === "u8" || kind === "text") view.setUint8(at, value);
  else if (kind === "i16") view.setInt16(at, value, little);
  else if (kind === "i32") view.setInt32(at, value, little);
  else if (kind === "i64") view.setBigInt64(at, BigInt(value), little);
  else if (kind === "f32") view.setFloat32(at, value, little);
  else view.setFloat64(at, value, little);
}

/** The bytes of a `.nii` file. */
export function niftiBytes(content: NiftiContent): Buffer {
  const { shape, values, type = "int16", version = 1, bigEndian = false } = content;
  const [code, bytes, putVoxel] = TYPES[type];
  const affine = content.affine ?? [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
  ];
  const offset = version === 1 ? 352 : 544;
  const fields = {
    sizeof_hdr: version === 1 ? 348 : 540,
    dim: [shape.length, ...shape, ...Array<number>(7 - shape.length).fill(1)],
    datatype: code,
    bitpix: bytes * 8,
    pixdim: [1, ...[0, 1, 2].map((j) => Math.hypot(...affine.map((row) => row[j])))],
    vox_offset: offset,
    xyzt_units: 2,
    sform_code: 1,
    srow: affine.flat(),
    magic: version === 1 ? "n+1\0" : "n+2\0\r\n\x1a\n",
    ...content.fields,
  };
  const out = Buffer.alloc(offset + values.length * bytes);
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  for (const [name, value] of Object.entries(fields)) {
    const [at1, kind1, at2, kind2] = FIELDS[name];
    const [at, kind] = version === 1 ? [at1, kind1] : [at2, kind2];
    const list = typeof value === "string" ? Array.from(Buffer.from(value)) : [value].flat();
    for (const [i, one] of list.entries()) put(view, kind, at + i * WIDTH[kind], one as number, !bigEndian);
  }
  for (let i = 0; i < values.length; i++) putVoxel(view, offset + i * bytes, values[i], !bigEndian);
  return out;
}

/** A way to store a volume: the stored axis j runs along `order[j]` of right, anterior, superior, or against it. */
export interface Storage {
  readonly order: readonly number[];
  readonly against: readonly boolean[];
}

/**
 * A volume given in the order right, anterior, superior, as another program might store it: the content has other axes,
 * and an affine by which every voxel stays where it is.
 * @param value of the voxel (r, a, s)
 */
export function storedAs(
  { order, against }: Storage,
  shape: readonly number[],
  spacing: readonly number[],
  value: (r: number, a: number, s: number) => number,
): Required<Pick<NiftiContent, "shape" | "values" | "affine">> {
  const storedShape = order.map((world) => shape[world]);
  const values: number[] = [];
  const world = [0, 0, 0];
  for (let k = 0; k < storedShape[2]; k++)
    for (let j = 0; j < storedShape[1]; j++)
      for (let i = 0; i < storedShape[0]; i++) {
        for (const [axis, index] of [i, j, k].entries())
          world[order[axis]] = against[axis] ? storedShape[axis] - 1 - index : index;
        values.push(value(world[0], world[1], world[2]));
      }
  const affine = [0, 1, 2].map((row) => {
    const axis = order.indexOf(row);
    const step = [0, 0, 0];
    step[axis] = against[axis] ? -spacing[row] : spacing[row];
    return [...step, against[axis] ? (shape[row] - 1) * spacing[row] : 0];
  });
  return { shape: storedShape, values, affine };
}

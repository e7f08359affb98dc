/** Voxels as they are stored, apart from the byte order. */
export type Voxels =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** How one voxel is stored: `channels` numbers of `bytes` bytes each. */
export interface VoxelType {
  readonly name: string;
  /** Of one number. */
  readonly bytes: 1 | 2 | 4 | 8;
  /** 1, or 3 and 4 for colour (the fourth is opacity). */
  readonly channels: 1 | 3 | 4;
  /** Views bytes of this machine's order; 64-bit integers become float64, which is exact up to 2^53. */
  readonly view: (bytes: ArrayBuffer) => Voxels;
}

function scalar(name: string, bytes: 1 | 2 | 4 | 8, view: VoxelType["view"]): VoxelType {
  return { name, bytes, channels: 1, view };
}

/** In place of the integers: label maps are often saved as int64, and a second copy of a volume is dear. */
function toFloat64(integers: BigInt64Array | BigUint64Array): Float64Array {
  const out = new Float64Array(integers.buffer);
  for (let i = 0; i < out.length; i++) out[i] = Number(integers[i]);
  return out;
}

/** Codes of the field `datatype` (nifti1.h, DT_ and NIFTI_TYPE_ constants). */
const TYPES: Readonly<Record<number, VoxelType>> = {
  2: scalar("uint8", 1, (bytes) => new Uint8Array(bytes)),
  4: scalar("int16", 2, (bytes) => new Int16Array(bytes)),
  8: scalar("int32", 4, (bytes) => new Int32Array(bytes)),
  16: scalar("float32", 4, (bytes) => new Float32Array(bytes)),
  64: scalar("float64", 8, (bytes) => new Float64Array(bytes)),
  128: { name: "RGB24", bytes: 1, channels: 3, view: (bytes) => new Uint8Array(bytes) },
  256: scalar("int8", 1, (bytes) => new Int8Array(bytes)),
  512: scalar("uint16", 2, (bytes) => new Uint16Array(bytes)),
  768: scalar("uint32", 4, (bytes) => new Uint32Array(bytes)),
  1024: scalar("int64", 8, (bytes) => toFloat64(new BigInt64Array(bytes))),
  1280: scalar("uint64", 8, (bytes) => toFloat64(new BigUint64Array(bytes))),
  2304: { name: "RGBA32", bytes: 1, channels: 4, view: (bytes) => new Uint8Array(bytes) },
};

const REFUSED: Readonly<Record<number, string>> = {
  1: "1-bit voxels",
  32: "complex voxels (complex64)",
  1536: "float128 voxels",
  1792: "complex voxels (complex128)",
  2048: "complex voxels (complex256)",
};

/** The type of a code, or in words what it is if it is not read. */
export function voxelType(code: number): VoxelType | string {
  return TYPES[code] ?? REFUSED[code] ?? `voxels of unknown type ${code}`;
}

import { stat } from "node:fs/promises";
import { LRUCache } from "lru-cache";
import type { Plane } from "../data/sources.js";
import { type Affine, nearestAxes, reordered, stepLengths, type Triple, toWorld } from "./affine.js";
import type { NiftiHeader } from "./header.js";
import { imgBeside, pairOf } from "./pair.js";
import { readVoxelFile } from "./voxel-file.js";
import type { Voxels } from "./voxel-type.js";

/**
 * A volume in memory, in its stored type and order, with the steps that walk it towards right, anterior and superior.
 * The voxel (r, a, s) begins at `voxels[first + r * steps[0] + a * steps[1] + s * steps[2]]`, where r grows towards the
 * patient's right, a towards anterior and s towards superior; `channels` numbers lie there.
 */
export interface Volume {
  readonly path: string;
  /** Changes when the file does. */
  readonly state: string;
  /** Voxels along right, anterior, superior. */
  readonly shape: Triple;
  /** Millimetres from voxel to voxel along these. */
  readonly spacing: Triple;
  /** From (r, a, s) to millimetres. */
  readonly affine: Affine;
  readonly orientation: NiftiHeader["orientation"];
  readonly voxels: Voxels;
  readonly channels: 1 | 3 | 4;
  readonly first: number;
  readonly steps: Triple;
  /** A stored number times `slope` plus `intercept` is its value. */
  readonly slope: number;
  readonly intercept: number;
  readonly display?: NiftiHeader["display"];
}

/** The axis of (right, anterior, superior) that a plane stands across. */
export const ACROSS: Readonly<Record<Plane, 0 | 1 | 2>> = { sagittal: 0, coronal: 1, axial: 2 };

/** Volumes kept, in bytes: an image of 512 x 512 x 600 int16 with its label map. */
const CACHE_BYTES = 768 * 1024 ** 2;

// A volume is never counted as more than half, so that an image and its labels both stay however large they are: to read
// them again for every slice would take hours.
const kept = new LRUCache<string, Volume>({
  maxSize: CACHE_BYTES,
  sizeCalculation: ({ voxels }) => Math.max(1, Math.min(voxels.byteLength, CACHE_BYTES / 2)),
});
/** Being read now: the slices of one volume are often asked for at once. */
const reading = new Map<string, Promise<Volume>>();

function arrange(path: string, state: string, header: NiftiHeader, voxels: Voxels): Volume {
  const { storedShape, affine, type } = header;
  const axes = nearestAxes(affine);
  const storedSteps = [1, storedShape[0], storedShape[0] * storedShape[1]].map((step) => step * type.channels);
  const pick = (of: (axis: (typeof axes)[number]) => number): Triple => [of(axes[0]), of(axes[1]), of(axes[2])];
  const lengths = stepLengths(affine);
  const first = axes.reduce(
    (sum, { stored, flipped }) => sum + (flipped ? (storedShape[stored] - 1) * storedSteps[stored] : 0),
    0,
  );
  return {
    path,
    state,
    shape: pick(({ stored }) => storedShape[stored]),
    spacing: pick(({ stored }) => lengths[stored]),
    affine: reordered(affine, axes, storedShape),
    orientation: header.orientation,
    voxels,
    channels: type.channels,
    first,
    steps: pick(({ stored, flipped }) => (flipped ? -1 : 1) * storedSteps[stored]),
    slope: header.slope,
    intercept: header.intercept,
    display: header.display,
  };
}

/** Changes with the file, or with either file of a pair. */
async function stateOf(path: string): Promise<string> {
  const names = pairOf(path);
  const parts = names ? [names.hdr, (await imgBeside(names)) ?? names.img] : [path];
  const states = parts.map(async (part) => {
    const info = await stat(part).catch(() => undefined);
    return `${info?.mtimeMs} ${info?.size} ${part}`;
  });
  return (await Promise.all(states)).join("\n");
}

/**
 * Opens a NIfTI-1 or NIfTI-2 volume (`.nii`, `.nii.gz`; what is compressed is seen from the content), or a NIfTI pair by
 * the name of its `.hdr` or `.img`. An oblique volume
 * goes to the nearest axes, without resampling. The last volumes used stay in memory (768 MiB, but always two); a file
 * that has changed since is read again.
 *
 * @throws ImageError IMAGE_UNREADABLE, IMAGE_TOO_LARGE (more than 2 GiB)
 */
export async function openVolume(path: string): Promise<Volume> {
  const key = await stateOf(path);
  const known = kept.get(key) ?? reading.get(key);
  if (known) return known;
  const opening = readVoxelFile(path).then(({ header, voxels }) => arrange(path, key, header, voxels));
  reading.set(key, opening);
  try {
    const volume = await opening;
    kept.set(key, volume);
    return volume;
  } finally {
    reading.delete(key);
  }
}

/**
 * Two grids whose corners lie nearer than half a voxel pair the same voxels. Less is no sign of another grid: near a half
 * turn the rounding of a qform's numbers alone moves a corner by some tenths of a millimetre.
 */
const APART_VOXELS = 0.5;

/**
 * Why two volumes do not lie on the same grid, in words, or undefined if they do. Both are compared in the order right,
 * anterior, superior, so it does not matter in which orientation they are stored. Their corners may lie half a voxel apart,
 * along the finest axis. One that says how it lies in the body never matches one that does not.
 */
export function volumesMatch(a: Volume, b: Volume): string | undefined {
  if (a.shape.some((side, i) => side !== b.shape[i]))
    return `${a.shape.join(" x ")} voxels (right, anterior, superior) and ${b.shape.join(" x ")}`;
  if ((a.orientation === "none") !== (b.orientation === "none"))
    return "only one of them has a qform or an sform, which say how it lies in the body: left and right could be exchanged";
  let apart = 0;
  for (let corner = 0; corner < 8; corner++) {
    const index = a.shape.map((side, i) => (corner & (1 << i) ? side - 1 : 0)) as unknown as Triple;
    const there = toWorld(b.affine, index);
    apart = Math.max(apart, Math.hypot(...toWorld(a.affine, index).map((mm, i) => mm - there[i])));
  }
  const allowed = APART_VOXELS * Math.min(...a.spacing);
  return apart > allowed ? `their corners lie up to ${apart.toPrecision(3)} mm apart` : undefined;
}

/**
 * Rows of an affine map from voxel indices (i, j, k) to millimetres (right, anterior, superior):
 * `row[0] * i + row[1] * j + row[2] * k + row[3]`.
 */
export type Affine = readonly [Row, Row, Row];
export type Row = readonly [number, number, number, number];
/** Three numbers in the order right, anterior, superior. */
export type Triple = readonly [number, number, number];

/** Where the voxels of a stored axis go: which of right, anterior, superior it runs along, and whether towards it. */
export interface StoredAxis {
  /** 0, 1, 2: the stored axis i, j, k. */
  readonly stored: 0 | 1 | 2;
  /** Whether the index grows towards left, posterior, inferior. */
  readonly flipped: boolean;
}

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** At exactly 45 degrees two orders are equally near: rounding must not choose differently for an image and its mask. */
const BETTER = 1e-4;

/** The lengths of one step along i, j, k in millimetres. */
export function stepLengths(affine: Affine): Triple {
  const length = (axis: 0 | 1 | 2) => Math.hypot(affine[0][axis], affine[1][axis], affine[2][axis]);
  return [length(0), length(1), length(2)];
}

/** Whether the map is finite and keeps three directions apart. */
export function isInvertible(affine: Affine): boolean {
  const [a, b, c] = affine;
  const determinant =
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
  const [x, y, z] = stepLengths(affine);
  const finite = affine.every((row) => row.every(Number.isFinite));
  return finite && Math.abs(determinant) > 1e-6 * x * y * z;
}

/**
 * The stored axes that run nearest to right, anterior and superior, in this order: of all assignments the one whose
 * cosines add up to most, as the field's own library decides it (`nifti_mat44_to_orientation`).
 */
export function nearestAxes(affine: Affine): readonly [StoredAxis, StoredAxis, StoredAxis] {
  const lengths = stepLengths(affine);
  const cosine = (world: number, stored: 0 | 1 | 2) => affine[world][stored] / lengths[stored];
  let best: (typeof ORDERS)[number] = ORDERS[0];
  let most = Number.NEGATIVE_INFINITY;
  for (const order of ORDERS) {
    const sum = order.reduce((total: number, stored, world) => total + Math.abs(cosine(world, stored)), 0);
    if (sum > most + BETTER) {
      most = sum;
      best = order;
    }
  }
  const axis = (world: 0 | 1 | 2) => ({ stored: best[world], flipped: cosine(world, best[world]) < 0 });
  return [axis(0), axis(1), axis(2)];
}

/** The point in millimetres of a voxel index. */
export function toWorld(affine: Affine, index: Triple): Triple {
  const along = (row: Row) => row[0] * index[0] + row[1] * index[1] + row[2] * index[2] + row[3];
  return [along(affine[0]), along(affine[1]), along(affine[2])];
}

/** The same map for indices along `axes` instead of the stored ones; flipped axes begin at their other end. */
export function reordered(affine: Affine, axes: readonly StoredAxis[], storedShape: Triple): Affine {
  const first = [0, 0, 0] as [number, number, number];
  for (const { stored, flipped } of axes) if (flipped) first[stored] = storedShape[stored] - 1;
  const origin = toWorld(affine, first);
  const row = (world: 0 | 1 | 2): Row => {
    const [a, b, c] = axes.map(({ stored, flipped }) => (flipped ? -1 : 1) * affine[world][stored]);
    return [a, b, c, origin[world]];
  };
  return [row(0), row(1), row(2)];
}

import { readNiftiImage } from "@fedbaps/core/nifti/image.js";
import { readNiftiMask } from "@fedbaps/core/nifti/mask.js";
import { openVolume, volumesMatch } from "@fedbaps/core/nifti/volume.js";
import { describe, expect, it } from "@jest/globals";
import { type Storage, storedAs } from "../../support/nifti.js";
import { greyRows, niftiFile } from "../../support/nifti-file.js";
import { fc } from "../../support/property.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const whole = { center: 127.5, width: 255 };
const ORDERS = ["012", "021", "102", "120", "201", "210"].map((order) => [...order].map(Number));
/** All 48 ways to store a volume along its axes. */
const STORAGES: Storage[] = ORDERS.flatMap((order) =>
  Array.from({ length: 8 }, (_, flips) => ({ order, against: [0, 1, 2].map((axis) => Boolean(flips & (1 << axis))) })),
);
const RAS: Storage = { order: [0, 1, 2], against: [false, false, false] };
const [R, A, S] = [2, 3, 4];
/** Every voxel has another value, which names its place. */
const value = (r: number, a: number, s: number) => 100 * s + 10 * a + r;
const slice = (path: string, plane: "axial" | "coronal" | "sagittal", index: number) =>
  readNiftiImage({ kind: "nifti", path, plane, index, window: { center: 250, width: 500 } });
/** Grey levels back to voxel values. */
const places = async (path: string, plane: "axial" | "coronal" | "sagittal", index: number) =>
  greyRows(await slice(path, plane, index), 4).map((row) => row.map((grey) => Math.round((grey * 500) / 255)));

describe("slices as a radiologist looks at them", () => {
  it("axial: right at the left, anterior at the top; coronal: superior at the top; sagittal: anterior at the left", async () => {
    const path = await niftiFile(storedAs(RAS, [R, A, S], [1, 1, 1], value));
    expect(await places(path, "axial", 3)).toEqual([
      [321, 320],
      [311, 310],
      [301, 300],
    ]);
    expect(await places(path, "coronal", 2)).toEqual([
      [321, 320],
      [221, 220],
      [121, 120],
      [21, 20],
    ]);
    expect(await places(path, "sagittal", 1)).toEqual([
      [321, 311, 301],
      [221, 211, 201],
      [121, 111, 101],
      [21, 11, 1],
    ]);
  });

  it("are the same however the volume is stored: all 48 ways", async () => {
    const reference = await openVolume(await niftiFile(storedAs(RAS, [R, A, S], [1, 2, 3], value)));
    const wanted = await Promise.all(
      (["axial", "coronal", "sagittal"] as const).map((plane) => slice(reference.path, plane, 1)),
    );
    for (const storage of STORAGES) {
      const path = await niftiFile(storedAs(storage, [R, A, S], [1, 2, 3], value));
      const volume = await openVolume(path);
      expect([volume.shape, volume.spacing]).toEqual([
        [R, A, S],
        [1, 2, 3],
      ]);
      expect(volumesMatch(reference, volume)).toBeUndefined();
      for (const [i, plane] of (["axial", "coronal", "sagittal"] as const).entries())
        expect(await slice(path, plane, 1)).toEqual(wanted[i]);
    }
  });

  it("are the same whatever the size, spacing, type, version, byte order and packing", async () => {
    const side = fc.integer({ min: 1, max: 7 });
    const step = fc.constantFrom(0.5, 1, 2.25);
    const cases = fc.record({
      storage: fc.constantFrom(...STORAGES),
      shape: fc.tuple(side, side, side),
      spacing: fc.tuple(step, step, step),
      type: fc.constantFrom("uint8", "int16", "uint16", "int32", "uint32", "float32", "float64", "int64", "uint64"),
      version: fc.constantFrom(1 as const, 2 as const),
      bigEndian: fc.boolean(),
      name: fc.constantFrom("v.nii", "v.nii.gz"),
      plane: fc.constantFrom("axial" as const, "coronal" as const, "sagittal" as const),
      seed: fc.nat(250),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ storage, shape, spacing, plane, seed, name, ...format }) => {
        const noise = (r: number, a: number, s: number) => (r * 31 + a * 17 + s * 7 + seed) % 251;
        const plain = await niftiFile(storedAs(RAS, shape, spacing, noise));
        const other = await niftiFile({ ...storedAs(storage, shape, spacing, noise), ...format }, name);
        const index = Math.floor(shape[{ sagittal: 0, coronal: 1, axial: 2 }[plane]] / 2);
        expect(await slice(other, plane, index)).toEqual(await slice(plain, plane, index));
        const view = { kind: "nifti", plane, index } as const;
        expect(await readNiftiMask({ ...view, path: other })).toEqual(await readNiftiMask({ ...view, path: plain }));
      }),
      { numRuns: 80 },
    );
  });

  it("go to the nearest axes when the volume is tilted by up to 40 degrees", async () => {
    const axis = fc.tuple(
      fc.double({ min: -1, max: 1 }),
      fc.double({ min: -1, max: 1 }),
      fc.double({ min: 0.1, max: 1 }),
    );
    const straight = await places(await niftiFile(storedAs(RAS, [R, A, S], [1, 1, 1], value)), "axial", 2);
    const tilts = fc.tuple(
      fc.constantFrom(...STORAGES),
      axis.filter((v) => v.every(Number.isFinite)),
      fc.double({ min: 0, max: 40, noNaN: true }),
    );
    await fc.assert(
      fc.asyncProperty(tilts, async ([storage, along, degrees]) => {
        const content = storedAs(storage, [R, A, S], [1, 1, 1], value);
        const turn = rotation(along, (degrees * Math.PI) / 180);
        const affine = turn.map((row) =>
          [0, 1, 2, 3].map((j) => row.reduce((sum, weight, i) => sum + weight * content.affine[i][j], 0)),
        );
        expect(await places(await niftiFile({ ...content, affine }), "axial", 2)).toEqual(straight);
      }),
      { numRuns: 60 },
    );
  });
});

/** About an axis by an angle (Rodrigues). */
function rotation(axis: readonly number[], angle: number): number[][] {
  const length = Math.hypot(...axis);
  const [x, y, z] = axis.map((part) => part / length);
  const [c, s, t] = [Math.cos(angle), Math.sin(angle), 1 - Math.cos(angle)];
  return [
    [t * x * x + c, t * x * y - s * z, t * x * z + s * y],
    [t * x * y + s * z, t * y * y + c, t * y * z - s * x],
    [t * x * z - s * y, t * y * z + s * x, t * z * z + c],
  ];
}

describe("where the orientation comes from", () => {
  const mirrored = { order: [0, 1, 2], against: [true, false, false] };
  // A half turn about the axis from inferior to superior: right and anterior both change sides.
  const halfTurn = { qform_code: 1, quatern: [0, 0, 1], qoffset: [1, 2, 0] };

  it("is the sform even where the qform's code is larger", async () => {
    const content = storedAs(mirrored, [R, A, S], [1, 1, 1], value);
    for (const version of [1, 2] as const) {
      const path = await niftiFile({ ...content, version, fields: { ...halfTurn, qform_code: 4 } });
      expect((await openVolume(path)).orientation).toBe("sform");
      expect((await places(path, "axial", 0))[2]).toEqual([1, 0]);
    }
  });

  it("is the qform where there is no sform, or one that is all zeros; pixdim[0] mirrors the slices", async () => {
    const content = storedAs({ order: [0, 1, 2], against: [true, true, false] }, [R, A, S], [1, 1, 1], value);
    for (const version of [1, 2] as const)
      for (const none of [{ sform_code: 0 }, { sform_code: 2, srow: Array<number>(12).fill(0) }]) {
        const path = await niftiFile({ ...content, version, fields: { ...halfTurn, ...none } });
        expect((await openVolume(path)).orientation).toBe("qform");
        expect((await places(path, "axial", 1)).at(-1)).toEqual([101, 100]);
      }
    const upsideDown = { ...halfTurn, sform_code: 0, pixdim: [-1, 1, 1, 1], qoffset: [1, 2, 3] };
    const below = storedAs({ order: [0, 1, 2], against: [true, true, true] }, [R, A, S], [1, 1, 1], value);
    expect((await places(await niftiFile({ ...below, fields: upsideDown }), "axial", 1)).at(-1)).toEqual([101, 100]);
  });

  it("is taken as right, anterior, superior where the file does not say; voxel sizes stay", async () => {
    const content = storedAs(RAS, [R, A, S], [1, 2, 3], value);
    const volume = await openVolume(await niftiFile({ ...content, fields: { sform_code: 0 } }));
    expect([volume.orientation, volume.spacing]).toEqual(["none", [1, 2, 3]]);
  });

  it("is in millimetres, whichever unit the file uses", async () => {
    const content = storedAs(RAS, [R, A, S], [0.001, 0.002, 0.003], value);
    const metres = await openVolume(await niftiFile({ ...content, fields: { xyzt_units: 1 } }));
    const same = await openVolume(await niftiFile(storedAs(RAS, [R, A, S], [1, 2, 3], value)));
    for (const [i, mm] of metres.spacing.entries()) expect(mm).toBeCloseTo(i + 1, 5);
    expect(volumesMatch(metres, same)).toBeUndefined();
  });
});

describe("volumesMatch", () => {
  const open = async (shape: number[], spacing: number[], shift = 0) => {
    const { affine, ...content } = storedAs(RAS, shape, spacing, () => 0);
    const moved = affine.map((row) => [...row.slice(0, 3), row[3] + shift]);
    return openVolume(await niftiFile({ ...content, affine: moved }));
  };

  it("allows rounding and says what differs beyond it", async () => {
    const volume = await open([4, 5, 6], [1, 1, 2]);
    expect(volumesMatch(volume, await open([4, 5, 6], [1, 1, 2.001]))).toBeUndefined();
    expect(volumesMatch(volume, await open([4, 5, 7], [1, 1, 2]))).toBe(
      "4 x 5 x 6 voxels (right, anterior, superior) and 4 x 5 x 7",
    );
    expect(volumesMatch(volume, await open([4, 5, 6], [1, 1, 2], 0.25))).toBeUndefined();
    expect(volumesMatch(volume, await open([4, 5, 6], [1, 1, 2.2]))).toContain("1.00 mm");
    expect(volumesMatch(volume, await open([4, 5, 6], [1, 1, 2], 1))).toContain("1.73 mm");
  });

  it("never holds where only one of them has an orientation: the other could be mirrored", async () => {
    const content = storedAs({ order: [0, 1, 2], against: [true, false, false] }, [R, A, S], [1, 1, 1], value);
    const placed = await openVolume(await niftiFile(content));
    const unplaced = await openVolume(await niftiFile({ ...content, fields: { sform_code: 0 } }));
    expect(volumesMatch(placed, unplaced)).toContain("only one of them has a qform or an sform");
    expect(volumesMatch(unplaced, unplaced)).toBeUndefined();
  });

  it("pairs a volume whose qform was rounded near a half turn with one whose sform says the same", async () => {
    // 1 - |q|^2 is 2.4e-7 in float32, which is what is left of 0: the qform alone turns by a further 0.05 degrees.
    const q = Math.fround(Math.SQRT1_2) - 6e-8;
    const shape = [64, 64, 8];
    const values = new Uint8Array(64 * 64 * 8);
    const exact = [
      [0, 1, 0, 0],
      [1, 0, 0, 0],
      [0, 0, -1, 7],
    ];
    const fields = { sform_code: 0, qform_code: 1, quatern: [q, q, 0], qoffset: [0, 0, 7] };
    const turned = await openVolume(await niftiFile({ shape, values, type: "uint8", affine: exact, fields }));
    const straight = await openVolume(await niftiFile({ shape, values, type: "uint8", affine: exact }));
    expect(turned.affine).not.toEqual(straight.affine);
    expect(volumesMatch(turned, straight)).toBeUndefined();
  });
});

it("keeps grey levels of 0..255 as they are under the window that they fill", async () => {
  const path = await niftiFile({ shape: [3, 1, 1], values: [0, 100, 255], type: "uint8" });
  expect(greyRows(await readNiftiImage({ kind: "nifti", path, plane: "axial", index: 0, window: whole }))).toEqual([
    [255, 100, 0],
  ]);
});

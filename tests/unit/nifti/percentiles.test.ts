import { percentiles } from "@fedbaps/core/nifti/percentiles.js";
import { expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

const SHARES = [0, 0.005, 0.25, 0.5, 0.995, 1];

/** By sorting, as the definition says. */
function bySorting(voxels: ArrayLike<number>, slope: number, intercept: number): number[] {
  const finite = Array.from(voxels, (raw) => raw * slope + intercept).filter((value) =>
    Number.isFinite(Math.fround(value)),
  );
  const others = finite.filter((value) => value !== 0);
  const counted = others.length > 0 && others.length < finite.length / 2 ? others : finite;
  const sorted = counted.sort((a, b) => a - b);
  return SHARES.map((share) => Math.fround(sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0));
}

it("are those of the sorted values, for every type of voxel, scaled or not, with many zeros or few", async () => {
  const types = [Uint8Array, Int8Array, Uint16Array, Int16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
  const numbers = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: -70000, max: 70000 })), {
    minLength: 1,
    maxLength: 300,
  });
  const slope = fc.constantFrom(1, 0.37, -2, 1e-3);
  const cases = fc.tuple(fc.constantFrom(...types), numbers, slope, fc.constantFrom(0, -1024, 5.5));
  await fc.assert(
    fc.asyncProperty(cases, async ([type, list, by, plus]) => {
      const voxels = new type(list);
      const values = await percentiles({ voxels, slope: by, intercept: plus }, SHARES);
      expect(values.map((value) => value + 0)).toEqual(bySorting(voxels, by, plus).map((value) => value + 0));
    }),
    { numRuns: 400 },
  );
});

it("pass over what is not finite, and are 0 where nothing is left", async () => {
  const voxels = Float32Array.of(Number.NaN, 1, Number.POSITIVE_INFINITY, 2, Number.NEGATIVE_INFINITY);
  expect(await percentiles({ voxels, slope: 1, intercept: 0 }, [0, 1])).toEqual([1, 2]);
  expect(await percentiles({ voxels: Float32Array.of(Number.NaN), slope: 1, intercept: 0 }, [0, 1])).toEqual([0, 0]);
  expect(await percentiles({ voxels: Int16Array.of(3, 4), slope: 1e39, intercept: 0 }, [0, 1])).toEqual([0, 0]);
});

import { blur, meanOf, planes } from "@fedbaps/core/decoder/filters.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { describe, expect, it } from "@jest/globals";
import { largestDifference, rangeOf } from "../../support/numbers.js";

const noise = (count: number) => {
  const stream = new RandomStream(1, "filters");
  return Float32Array.from({ length: count }, () => stream.between(0, 255));
};
const clamp = (value: number, length: number) => Math.min(length - 1, Math.max(0, value));

/** One box of (2 radius + 1) squared pixels, edges repeated, summed pixel by pixel. */
function box(plane: ArrayLike<number>, width: number, height: number, radius: number): Float64Array {
  const out = new Float64Array(width * height);
  for (let i = 0; i < out.length; i++) {
    const x = i % width;
    const y = Math.floor(i / width);
    for (let dy = -radius; dy <= radius; dy++)
      for (let dx = -radius; dx <= radius; dx++) out[i] += plane[clamp(y + dy, height) * width + clamp(x + dx, width)];
    out[i] /= (2 * radius + 1) ** 2;
  }
  return out;
}

/** What one bright pixel becomes along its row: how far it reaches, and its standard deviation. */
function response(sigma: number): { reach: number; deviation: number } {
  const side = 101;
  const plane = new Float32Array(side * side);
  plane[50 * side + 50] = 1;
  const out = blur(plane, side, side, sigma);
  let reach = 0;
  let variance = 0;
  for (let x = 0; x < side; x++)
    for (let y = 0; y < side; y++) {
      const value = out[y * side + x];
      if (value > 1e-9) reach = Math.max(reach, Math.abs(x - 50));
      variance += value * (x - 50) ** 2;
    }
  return { reach, deviation: Math.sqrt(variance) };
}

describe("blur", () => {
  it.each([1.5, 2, 4, 5, 12])("of %d pixels is about that wide", (sigma) => {
    const { reach, deviation } = response(sigma);
    expect(reach % 3).toBe(0);
    expect(deviation / sigma).toBeGreaterThan(0.75);
    expect(deviation / sigma).toBeLessThan(1.3);
  });

  it.each([
    [1.5, 23, 17],
    [2, 17, 23],
    [5, 40, 31],
    // Narrower than the box: every sum runs over both edges.
    [5, 4, 30],
    [12, 30, 3],
    [12, 1, 1],
  ])("of %d pixels is three boxes with repeated edges, at %d x %d", (sigma, width, height) => {
    const plane = noise(width * height);
    const radius = response(sigma).reach / 3;
    let expected: ArrayLike<number> = plane;
    for (let pass = 0; pass < 3; pass++) expected = box(expected, width, height, radius);
    expect(largestDifference(blur(plane, width, height, sigma), expected)).toBeLessThan(1e-3);
  });

  it("leaves a constant constant, to the last float32 digit or so", () => {
    const { least, most } = rangeOf(blur(new Float32Array(60 * 40).fill(200.1), 60, 40, 5));
    expect(Math.max(Math.abs(least - 200.1), Math.abs(most - 200.1))).toBeLessThan(1e-3);
  });

  it("keeps the mean about where it was and the values within their range", () => {
    const plane = noise(60 * 40);
    const out = blur(plane, 60, 40, 4);
    expect(Math.abs(meanOf(out) - meanOf(plane))).toBeLessThan(3);
    const [before, after] = [rangeOf(plane), rangeOf(out)];
    expect(after.least).toBeGreaterThan(before.least);
    expect(after.most).toBeLessThan(before.most);
  });

  it("of no width is a copy, and never writes to its argument", () => {
    const plane = noise(20);
    const copy = plane.slice();
    const same = blur(plane, 5, 4, 0);
    blur(plane, 5, 4, 2);
    expect([...same]).toEqual([...copy]);
    expect(same).not.toBe(plane);
    expect([...plane]).toEqual([...copy]);
  });
});

it("planes take the colours apart", () => {
  const [red, green, blue] = planes(Float32Array.of(1, 2, 3, 4, 5, 6));
  expect([[...red], [...green], [...blue]]).toEqual([
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  expect(meanOf(red)).toBe(2.5);
});

import { encodeClick, encodeImage } from "@fedbaps/core/decoder/baps-encoder.js";
import { bapsLayout, ENCODER_CHANNELS, FREQUENCIES, GRID, initialBaps } from "@fedbaps/core/decoder/baps-layout.js";
import { DECODER_SIZE, type IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { decoderPicture, noisyTheta } from "../../support/cases.js";
import { largestDifference, rangeOf, sameBits } from "../../support/numbers.js";

const gelu = (x: number) => x / (1 + Math.exp(-1.702 * x));

/** LayerNorm over the last `width` values of each group, then GELU. */
function normalised(x: Float64Array, width: number, gain: Float32Array, bias: Float32Array): Float64Array {
  const out = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += width) {
    const group = x.subarray(start, start + width);
    const mean = group.reduce((a, b) => a + b, 0) / width;
    const variance = group.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    for (let c = 0; c < width; c++)
      out[start + c] = gelu(((group[c] - mean) / Math.sqrt(variance + 1e-6)) * gain[c] + bias[c]);
  }
  return out;
}

/** The decoder written out in loops, in float64: transposed convolutions of kernel 2 and stride 2, pixel by pixel. */
function reference(theta: Float32Array, image: Image, point: { x: number; y: number }): Float64Array {
  const view = (name: string) => bapsLayout.view(theta, name);
  const features = encodeImage(image);
  const click = encodeClick(point, DECODER_SIZE);
  const bias = view("prompt.bias");
  const weight = view("prompt.weight");
  const linear = Float64Array.from(bias, (start, j) =>
    click.reduce((sum, value, k) => sum + value * weight[k * bias.length + j], start),
  );
  const prompt = normalised(linear, linear.length, view("prompt.norm.gain"), view("prompt.norm.bias"));
  const own = prompt.length / (GRID * GRID);
  let channels = ENCODER_CHANNELS + own;
  let side = GRID;
  let x: Float64Array = new Float64Array(side * side * channels);
  for (let i = 0; i < side * side; i++) {
    x.set(features.subarray(i * ENCODER_CHANNELS, (i + 1) * ENCODER_CHANNELS), i * channels);
    x.set(prompt.subarray(i * own, (i + 1) * own), i * channels + ENCODER_CHANNELS);
  }
  for (let layer = 0; layer < 4; layer++) {
    const w = view(`up${layer}.weight`);
    const b = view(`up${layer}.bias`);
    const width = b.length;
    const out = new Float64Array(4 * side * side * width);
    for (let py = 0; py < 2 * side; py++)
      for (let px = 0; px < 2 * side; px++) {
        const from = ((py >> 1) * side + (px >> 1)) * channels;
        const corner = (py & 1) * 2 + (px & 1);
        for (let c = 0; c < width; c++) {
          let sum = b[c];
          for (let k = 0; k < channels; k++) sum += x[from + k] * w[k * 4 * width + corner * width + c];
          out[(py * 2 * side + px) * width + c] = sum;
        }
      }
    x = layer < 3 ? normalised(out, width, view(`up${layer}.norm.gain`), view(`up${layer}.norm.bias`)) : out;
    channels = width;
    side *= 2;
  }
  return x.map((value) => 32 * value);
}

let decoder: IpDecoder;
beforeAll(async () => {
  decoder = await openDecoder("baps", "wasm");
});

describe("the paper's decoder", () => {
  it("is what the paper's layers give when they are written out", async () => {
    const theta = noisyTheta(decoder, 1, 0.3);
    for (const [index, point] of [
      [1, { x: 40, y: 70 }],
      [2, { x: 100.5, y: 3.25 }],
    ] as const) {
      const picture = decoderPicture(index);
      const [v] = await decoder.draw([{ theta, image: decoder.prepare(picture), point }]);
      const expected = reference(theta, picture, point);
      const { least, most } = rangeOf(expected);
      expect(most - least).toBeGreaterThan(20);
      expect(largestDifference(v, expected)).toBeLessThan(1e-4 * (most - least));
    }
  });

  it("draws what it sees where it sees it", async () => {
    const picture = decoderPicture(1);
    const marked = { ...picture, data: picture.data.slice() };
    // The cell in row 1, column 6 of the raster.
    for (let y = 16; y < 32; y++)
      for (let x = 96; x < 112; x++) marked.data.fill(255, (y * 128 + x) * 3, (y * 128 + x + 1) * 3);
    const theta = noisyTheta(decoder, 1, 0.3);
    const point = { x: 64, y: 64 };
    const [before, after] = await decoder.draw(
      [picture, marked].map((image) => ({ theta, image: decoder.prepare(image), point })),
    );
    const change = (row: number, column: number) => {
      let sum = 0;
      for (let y = 16 * row; y < 16 * row + 16; y++)
        for (let x = 16 * column; x < 16 * column + 16; x++) {
          const i = (y * 128 + x) * 3;
          sum += Math.abs(after[i] - before[i]);
        }
      return sum;
    };
    expect(change(1, 6)).toBeGreaterThan(5 * change(6, 1));
    expect(change(1, 6)).toBeGreaterThan(5 * change(7, 7));
  });
});

describe("the parameters to start from", () => {
  const theta = initialBaps(1);
  const last = (name: string) => name.startsWith("up3.");

  it("are zero in the last layer only: anywhere else, zero weights would kill the gradient", () => {
    for (const { name } of bapsLayout.entries) {
      const values = bapsLayout.view(theta, name);
      if (last(name) || name.endsWith("bias")) expect(values.every((value) => value === 0)).toBe(true);
      else if (name.endsWith("gain")) expect(values.every((value) => value === 1)).toBe(true);
      else expect(values.filter((value) => value === 0).length).toBeLessThan(3);
    }
  });

  it("have variance 1 / fan-in and mean zero", () => {
    for (const { name, shape, size } of bapsLayout.entries.filter((e) => e.name.endsWith(".weight") && !last(e.name))) {
      const values = bapsLayout.view(theta, name);
      const mean = values.reduce((a, b) => a + b, 0) / size;
      const variance = values.reduce((sum, value) => sum + value * value, 0) / size;
      // Of a uniform variable the fourth moment is 9/5 of the squared variance.
      expect(Math.abs(variance * shape[0] - 1)).toBeLessThan(4 * Math.sqrt(0.8 / size));
      expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(size * shape[0]));
    }
  });

  it("follow from the seed", () => {
    expect(sameBits(initialBaps(1), theta)).toBe(true);
    expect(sameBits(initialBaps(2), theta)).toBe(false);
  });
});

describe("the frozen encoders", () => {
  it("of the picture are finite and around one, for flat pictures too", () => {
    const flat: Image = { data: new Float32Array(128 * 128 * 3).fill(255), width: 128, height: 128, channels: 3 };
    for (const image of [decoderPicture(1), decoderPicture(1, 1), flat]) {
      const features = encodeImage(image);
      expect(features).toHaveLength(GRID * GRID * ENCODER_CHANNELS);
      const { least, most } = rangeOf(features);
      expect(Math.max(-least, most)).toBeLessThan(5);
    }
  });

  it("of the click are sines and cosines, the same in every process, others for other clicks", () => {
    const features = encodeClick({ x: 40, y: 70 }, 128);
    expect(features).toHaveLength(2 * FREQUENCIES);
    for (let f = 0; f < FREQUENCIES; f++) expect(features[f] ** 2 + features[FREQUENCIES + f] ** 2).toBeCloseTo(1, 5);
    expect(largestDifference(encodeClick({ x: 70, y: 40 }, 128), features)).toBeGreaterThan(0.5);
    // Pinned, and confirmed by an independent implementation: stored decoders are read with these frequencies.
    expect([...features.subarray(0, 3)].map((value) => value.toFixed(4))).toEqual(["0.8218", "-0.0822", "0.9481"]);
    // The same place on a square of another side.
    expect(largestDifference(encodeClick({ x: 19.75, y: 34.75 }, 64), features)).toBeLessThan(1e-5);
  });
});

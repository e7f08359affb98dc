import {
  CLICK_COLOURS,
  clickColours,
  IMAGE_BASIS,
  imageBasis,
  PROMPT_BASIS,
  promptBasis,
} from "@fedbaps/core/decoder/basis-images.js";
import { filterBankLayout } from "@fedbaps/core/decoder/filter-bank-layout.js";
import { DECODER_SIZE } from "@fedbaps/core/decoder/ip-decoder.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { describe, expect, it } from "@jest/globals";
import { decoderPicture } from "../../support/cases.js";
import { rangeOf, sameBits } from "../../support/numbers.js";

const SIDE = DECODER_SIZE;
const click = { x: 40, y: 70 };

function columnsOf(image: Image, point = click): Map<string, Float32Array> {
  const { basis, smooth, means } = imageBasis(image);
  const prompt = promptBasis(smooth, means, SIDE, SIDE, point);
  const columns = (values: Float32Array, names: readonly string[]) =>
    names.map((name, c) => [name, values.filter((_, i) => i % names.length === c)] as const);
  return new Map([...columns(basis, IMAGE_BASIS), ...columns(prompt, PROMPT_BASIS)]);
}

const flat = (level: number): Image => ({
  data: new Float32Array(SIDE * SIDE * 3).fill(level),
  width: SIDE,
  height: SIDE,
  channels: 3,
});
const size = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);

describe("the basis images", () => {
  const columns = columnsOf(decoderPicture(1));

  it("are as many as their names, which are all different, and as the parameters", () => {
    const { basis, smooth, means } = imageBasis(decoderPicture(1));
    const pixels = SIDE * SIDE;
    expect(basis).toHaveLength(pixels * IMAGE_BASIS.length);
    expect(promptBasis(smooth, means, SIDE, SIDE, click)).toHaveLength(pixels * PROMPT_BASIS.length);
    expect(clickColours(smooth, means, SIDE, SIDE, click)).toHaveLength(CLICK_COLOURS.length);
    const names = [...IMAGE_BASIS, ...PROMPT_BASIS, ...CLICK_COLOURS];
    expect(new Set(names).size).toBe(names.length);
    expect(filterBankLayout.length).toBe(3 * names.length);
  });

  it.each([...IMAGE_BASIS, ...PROMPT_BASIS])("%s is finite and around one in size", (name) => {
    const values = columns.get(name)!;
    const { least, most } = rangeOf(values);
    expect(Number.isFinite(least) && Number.isFinite(most)).toBe(true);
    expect(Math.max(-least, most)).toBeLessThan(20);
    expect(size(values)).toBeGreaterThan(0.01);
    expect(size(values)).toBeLessThan(3);
  });

  it("are no copies of each other", () => {
    // Grey channels may look alike in a grey look; this one is in colour.
    const entries = [...columns];
    for (const [i, [one, a]] of entries.entries())
      for (const [other, b] of entries.slice(i + 1))
        if (sameBits(a, b)) throw new Error(`${one} is the same as ${other}`);
  });

  it("are finite where the picture has one colour only, or black and white only", () => {
    const checker = flat(0);
    for (let i = 0; i < checker.data.length; i++) checker.data[i] = Math.floor(i / 3) % 2 ? 255 : 0;
    for (const image of [flat(0), flat(255), checker])
      for (const [name, values] of columnsOf(image)) {
        const { least, most } = rangeOf(values);
        if (!(Math.max(-least, most) < 30)) throw new Error(`${name} goes from ${least} to ${most}`);
      }
  });

  it("peak at the click where they say how near it is", () => {
    const at = click.y * SIDE + click.x;
    for (const name of PROMPT_BASIS.filter((candidate) => candidate.startsWith("bump"))) {
      const values = columns.get(name)!;
      expect(values[at]).toBe(1);
      expect(values.indexOf(rangeOf(values).most)).toBe(at);
    }
    const distance = columns.get("click-distance")!;
    expect(distance[at]).toBe(0);
    // Half the diagonal is one.
    expect(distance[0]).toBeCloseTo((2 * Math.hypot(click.x, click.y)) / Math.hypot(SIDE, SIDE), 5);
  });

  it("are one where the colour is that under the click, and fall with the difference", () => {
    const image = flat(60);
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < 64; x++) image.data.fill(200, (y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3);
    const likeness = columnsOf(image, { x: 20, y: 20 });
    for (const name of PROMPT_BASIS.filter((candidate) => /^likeness-\d+$/.test(candidate))) {
      const values = likeness.get(name)!;
      expect(values[100 * SIDE + 10]).toBeCloseTo(1, 6);
      expect(values[100 * SIDE + 120]).toBeLessThan(0.2);
    }
  });

  it("say which way is across and which is down", () => {
    const across = columns.get("across")!;
    const down = columns.get("down")!;
    expect([across[0], across[SIDE - 1]].map(Math.sign)).toEqual([-1, 1]);
    expect([down[0], down[(SIDE - 1) * SIDE]].map(Math.sign)).toEqual([-1, 1]);
    expect(across[5 * SIDE + 7]).toBe(across[90 * SIDE + 7]);
    expect(down[5 * SIDE + 7]).toBe(down[5 * SIDE + 90]);
  });

  it("take clicks at the very edge", () => {
    for (const point of [
      { x: -0.5, y: -0.5 },
      { x: SIDE - 0.5, y: SIDE - 0.5 },
    ])
      for (const values of columnsOf(decoderPicture(2), point).values())
        expect(Number.isFinite(rangeOf(values).most)).toBe(true);
  });

  it("do not depend on what a buffer that is filled again held before", () => {
    const { smooth, means } = imageBasis(decoderPicture(1));
    const used = new Float32Array(SIDE * SIDE * PROMPT_BASIS.length).fill(Number.NaN);
    const filled = promptBasis(smooth, means, SIDE, SIDE, click, used);
    expect(sameBits(filled, promptBasis(smooth, means, SIDE, SIDE, click))).toBe(true);
  });
});

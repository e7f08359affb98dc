import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { maskFault } from "@fedbaps/core/image/mask-values.js";
import { readMask, readMaskValues } from "@fedbaps/core/image/read.js";
import { describe, expect, it } from "@jest/globals";
import sharp, { type Sharp } from "sharp";
import { rowsOf } from "../../support/pictures.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { tiffBytes } from "../../support/tiff.js";

removeTemporaryFolders();

const WIDTH = 64;
/** The level at (x, y). */
type Levels = (x: number, y: number) => number;

/** A picture of one channel, or of three. */
function drawn(levels: Levels, ...more: Levels[]): Sharp {
  const channels = [levels, ...more];
  const data = Uint8Array.from({ length: WIDTH * WIDTH * channels.length }, (_, i) => {
    const pixel = Math.floor(i / channels.length);
    return channels[i % channels.length](pixel % WIDTH, Math.floor(pixel / WIDTH));
  });
  return sharp(data, { raw: { width: WIDTH, height: WIDTH, channels: channels.length as 1 | 3 } });
}

async function valuesOf(picture: Sharp, name = "m.png") {
  const path = join(await temporaryFolder(), name);
  await picture.toFile(path);
  const { mask, values } = await readMaskValues(path);
  expect(rowsOf(mask)).toEqual(rowsOf(await readMask(path)));
  const inside = mask.data.reduce((sum, value) => sum + value, 0);
  return { ...values, inside, fault: maskFault(values)?.reason };
}

const disc = (x: number, y: number) => Math.hypot(x - 32, y - 32) < 20;
const cup = (x: number, y: number) => Math.hypot(x - 32, y - 32) < 9;
const binary: Levels = (x, y) => (disc(x, y) ? 255 : 0);
const AREA = Array.from({ length: WIDTH * WIDTH }, (_, i) => disc(i % WIDTH, Math.floor(i / WIDTH))).filter(
  Boolean,
).length;

describe("a mask of black and white", () => {
  it("has nothing in between, and no fault", async () => {
    expect(await valuesOf(drawn(binary))).toEqual({
      range: 255,
      levels: [],
      between: 0,
      labels: [],
      colours: 1,
      inside: AREA,
      fault: undefined,
    });
  });

  it("keeps that as JPEG of any quality, and with smooth edges: rims do not count", async () => {
    for (const quality of [95, 75, 40]) {
      const { between, fault, inside } = await valuesOf(drawn(binary).jpeg({ quality }), "m.jpg");
      expect([between, fault]).toEqual([0, undefined]);
      expect(Math.abs(inside - AREA)).toBeLessThan(AREA * 0.03);
    }
    const smooth = await valuesOf(drawn(binary).resize(100, 100, { kernel: "cubic" }));
    expect([smooth.between, smooth.fault]).toEqual([0, undefined]);
  });

  it("may be of any two values, one of them 0", async () => {
    for (const value of [1, 2, 38, 100, 128, 254]) {
      const found = await valuesOf(drawn((x, y) => (disc(x, y) ? value : 0)));
      expect([found.inside, found.fault]).toEqual([AREA, undefined]);
    }
    const path = join(await temporaryFolder(), "deep.tif");
    const { writeFile } = await import("node:fs/promises");
    await writeFile(path, tiffBytes({ width: 3, height: 1, bits: 16, values: [0, 300, 0] }));
    expect(rowsOf((await readMaskValues(path)).mask)).toEqual([".#."]);
  });
});

describe("a mask that may mean something else", () => {
  it("of three classes in shades of grey: the levels in between", async () => {
    const classes: Levels = (x, y) => (cup(x, y) ? 255 : disc(x, y) ? 127 : 0);
    const found = await valuesOf(drawn(classes));
    expect(found.levels).toEqual([127]);
    expect(found.between).toBeGreaterThan(0.1);
    expect(found.fault).toMatch(/^\d+\.\d % of the mask is neither black nor white \(levels 127 of 255\)/);
  });

  it("of probabilities: many levels, of which the first few are said", async () => {
    const found = await valuesOf(drawn((x, y) => Math.max(0, 255 - 8 * Math.hypot(x - 32, y - 32))));
    expect(found.levels.length).toBeGreaterThan(50);
    expect(found.fault).toMatch(/\(levels 3\d, .* and \d+ more of 255\)/);
  });

  it("of labels 1, 2, 3: nothing is inside, and it says why", async () => {
    const found = await valuesOf(drawn((x, y) => (cup(x, y) ? 2 : disc(x, y) ? 1 : x < 5 ? 3 : 0)));
    expect([found.labels, found.inside]).toEqual([[1, 2, 3], 0]);
    expect(found.fault).toContain("holds the numbers 1, 2, 3 and no white (255), as a map of several labels does");
  });

  it("of several bright colours: all inside, and it says how many", async () => {
    const red: Levels = (x, y) => (disc(x, y) && !cup(x, y) ? 255 : 0);
    const green: Levels = (x, y) => (cup(x, y) ? 255 : 0);
    const found = await valuesOf(drawn(red, green, () => 0));
    expect([found.colours, found.inside]).toEqual([2, AREA]);
    expect(found.fault).toContain("2 bright colours, all of which count as inside");
    expect((await valuesOf(drawn(binary, () => 0, binary))).fault).toBeUndefined();
  });
});

describe("masks of real centres", () => {
  const root = fileURLToPath(new URL("../../../../shared/data", import.meta.url));
  if (!existsSync(root)) {
    console.warn("skipped: no folder ../shared/data beside the repository, so no real masks are read");
    it.skip("have no fault, as they are and as JPEG: no ../shared/data beside the repository", () => {});
    return;
  }

  it.each(["polyp/kvasir-seg", "dermoscopy/isic-uda1", "ultrasound/stu-hospital", "fundus-vessel/drive"])(
    "%s: no fault, as they are and as JPEG",
    async (centre) => {
      const folder = join(root, centre, "masks");
      for (const name of readdirSync(folder).sort().slice(0, 4)) {
        const picture = sharp(join(folder, name));
        const plain = await valuesOf(picture.clone());
        const packed = await valuesOf(picture.clone().jpeg({ quality: 60 }), "m.jpg");
        expect([name, plain.fault, packed.fault]).toEqual([name, undefined, undefined]);
        expect(Math.abs(packed.inside - plain.inside)).toBeLessThan(plain.inside * 0.05);
      }
    },
  );
});

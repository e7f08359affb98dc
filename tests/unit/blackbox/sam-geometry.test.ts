import type { Prompt } from "@fedbaps/core/blackbox/model.js";
import { maskWay, place } from "@fedbaps/core/blackbox/sam/geometry.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";
import { efficientSamDecoder, SAM2_FEATURES, sam2Decoder, samDecoder } from "../../support/sam-decoders.js";
import { samEncoder } from "../../support/sam-encoders.js";
import { samVariant, writePair } from "../../support/sam-graphs.js";
import { centreOf, disc, type Edges, edgesOf, rectangle } from "../../support/shapes.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { openWatched } from "../../support/tensor-graphs.js";

removeTemporaryFolders();

let folder = "";
beforeAll(async () => {
  folder = await temporaryFolder();
});

const square = { width: 1024, height: 1024 };
const side = fc.integer({ min: 1, max: 5000 });

describe("place", () => {
  it.each([
    [1500, 999, 1024, 682],
    [999, 1500, 682, 1024],
    [500, 333, 1024, 682],
    [640, 480, 1024, 768],
    [61, 33, 1024, 554],
    [1024, 1024, 1024, 1024],
    [2250, 1500, 1024, 683],
    [5000, 1, 1024, 1],
  ])("rounds both sides of %i x %i as ResizeLongestSide does", (width, height, fittedWidth, fittedHeight) => {
    const { fitted } = place({ width, height }, square, "longest-side");
    expect(fitted).toEqual({ width: fittedWidth, height: fittedHeight });
  });

  it("keeps the proportions to within half a pixel, fills one side and never leaves the frame", () => {
    fc.assert(
      fc.property(side, side, (width, height) => {
        const { fitted } = place({ width, height }, square, "longest-side");
        const scale = 1024 / Math.max(width, height);
        expect(Math.max(fitted.width, fitted.height)).toBe(1024);
        for (const [length, from] of [
          [fitted.width, width],
          [fitted.height, height],
        ]) {
          expect(length).toBeGreaterThanOrEqual(1);
          expect(Math.abs(length - Math.max(1, from * scale))).toBeLessThanOrEqual(0.5);
        }
      }),
    );
  });

  it("fills the frame when it squeezes, and fits an oblong frame by the tighter side", () => {
    expect(place({ width: 30, height: 700 }, square, "stretch").fitted).toEqual(square);
    const oblong = { width: 896, height: 504 };
    expect(place({ width: 400, height: 400 }, oblong, "longest-side").fitted).toEqual({ width: 504, height: 504 });
    expect(place({ width: 4000, height: 400 }, oblong, "longest-side").fitted).toEqual({ width: 896, height: 90 });
  });
});

describe("maskWay", () => {
  it("goes by the frame and is cut to the picture, or straight where pictures are squeezed", () => {
    const map = { width: 256, height: 256 };
    const placed = place({ width: 1500, height: 999 }, square, "longest-side");
    expect(maskWay(placed, map)).toEqual({ via: square, part: { width: 1024, height: 682 } });
    expect(maskWay(place({ width: 1500, height: 999 }, square, "stretch"), map)).toEqual({ via: map, part: map });
    const oblong = place({ width: 300, height: 300 }, { width: 1024, height: 684 }, "longest-side");
    expect(maskWay(oblong, map)).toEqual({ via: square, part: { width: 684, height: 684 } });
  });
});

const SIZES = [
  [333, 500],
  [500, 333],
  [127, 391],
  [1500, 999],
  [640, 480],
  [61, 33],
] as const;
/** Enough where a way differs in little from another. */
const FEW = [SIZES[0], SIZES[2], SIZES[5]];

/** Off the centre, its edges between pixels. */
function edgesIn(width: number, height: number): Edges {
  const at = (share: number, length: number) => Math.round(share * length);
  return { left: at(0.55, width), right: at(0.8, width), top: at(0.3, height), bottom: at(0.45, height) };
}

const click = ({ x, y }: { x: number; y: number }): Prompt => ({ points: [{ x, y, label: 1 }] });

/** Ways in which an answer comes to its picture. */
const WAYS: [string, typeof FEW | typeof SIZES][] = [
  ["SAM, normalised pictures", SIZES],
  ["SAM, encoder that prepares", FEW],
  ["SAM, encoder that resizes", FEW],
  ["SAM, masks of a frozen shape", FEW],
  ["SAM, scores called low_res_masks", FEW],
  ["MedSAM", FEW],
  ["LiteMedSAM", FEW],
  ["EfficientSAM", SIZES],
  ["SAM, Hugging Face", FEW],
  ["SAM 2, samexporter", SIZES],
  ["SAM 2, image size int32", FEW],
  ["SAM 2, Hugging Face", FEW],
];

describe("an answer lies where its object is, to within half a pixel", () => {
  it.each(WAYS)("%s", async (name, sizes) => {
    const { model } = await openWatched(await samVariant(name).write(folder));
    for (const [width, height] of sizes) {
      const truth = edgesIn(width, height);
      const centre = { x: (truth.left + truth.right - 1) / 2, y: (truth.top + truth.bottom - 1) / 2 };
      const [box] = await model.segment([rectangle(width, height, truth)], [click(centre)]);
      expect([box.width, box.height, box.data.length]).toEqual([width, height, width * height]);
      const edges = edgesOf(box, centre);
      for (const edge of ["left", "top", "right", "bottom"] as const)
        expect(Math.abs(edges[edge] - truth[edge])).toBeLessThan(0.5);

      // A round edge crosses the network's grid everywhere: what is left is the shift alone.
      const radius = 0.09 * Math.min(width, height);
      const [round] = await model.segment([disc(width, height, centre, radius)], [click(centre)]);
      const found = centreOf(round);
      expect(Math.hypot(found.x - centre.x, found.y - centre.y)).toBeLessThan(0.12);
    }
    await model.close();
  });
});

/** Of the frame's side. */
const RADIUS = 0.1;

describe("a click arrives where it was made, to within half a pixel", () => {
  const plain = () => samEncoder({ input: "images" });
  const sam2 = () => samEncoder({ input: "image", output: SAM2_FEATURES });
  const efficient = () => samEncoder({ input: "batched_images", free: true, arithmetic: "0..1", resizes: true });
  const imageSize = { name: "orig_im_size", type: 7 };

  it.each<[string, () => Uint8Array, () => Uint8Array, string]>([
    ["longest side", plain, () => samDecoder({ clickOnly: RADIUS }), ""],
    ["longest side, masks at the image's size", plain, () => samDecoder({ clickOnly: RADIUS }), "masks=image"],
    ["longest side, three clicks' room", plain, () => samDecoder({ clickOnly: RADIUS, tokens: 3 }), ""],
    ["squeezed by a setting", plain, () => samDecoder({ clickOnly: RADIUS }), "fit=stretch"],
    [
      "squeezed by a setting, the graph's masks",
      plain,
      () => samDecoder({ clickOnly: RADIUS }),
      "fit=stretch&masks=image",
    ],
    ["SAM 2", sam2, () => sam2Decoder({ clickOnly: RADIUS }), ""],
    ["SAM 2, masks at the image's size", sam2, () => sam2Decoder({ clickOnly: RADIUS, imageSize }), ""],
    ["SAM 2 with padding by a setting", sam2, () => sam2Decoder({ clickOnly: RADIUS }), "fit=longest-side"],
    [
      "SAM 2 with padding, the graph's masks",
      sam2,
      () => sam2Decoder({ clickOnly: RADIUS, imageSize }),
      "fit=longest-side",
    ],
    ["EfficientSAM", efficient, () => efficientSamDecoder({ clickOnly: RADIUS }), ""],
    [
      "EfficientSAM with padding by a setting",
      efficient,
      () => efficientSamDecoder({ clickOnly: RADIUS }),
      "fit=longest-side",
    ],
  ])("%s", async (_, encoder, decoder, settings) => {
    const { model } = await openWatched(await writePair(folder, encoder(), decoder(), settings));
    const { nativeSize, geometry } = model.description;
    for (const [width, height] of [...FEW, [2600, 300] as const]) {
      const { fitted } = place({ width, height }, nativeSize, geometry);
      const scale = { x: width / fitted.width, y: height / fitted.height };
      const at = { x: Math.round(0.55 * width), y: Math.round(0.46 * height) };
      const [map] = await model.segment([disc(width, height, at, 0)], [click(at)]);
      const radius = { x: RADIUS * nativeSize.width * scale.x, y: RADIUS * nativeSize.height * scale.y };
      const { left, right, top, bottom } = edgesOf(map, at);
      // Where the picture is wide enough for the whole disc.
      if (radius.x < at.x && radius.x < width - 1 - at.x) {
        expect(Math.abs((left + right - 1) / 2 - at.x)).toBeLessThan(0.1);
        expect(Math.abs((right - left) / 2 - radius.x)).toBeLessThan(0.5);
      }
      if (radius.y < at.y && radius.y < height - 1 - at.y) {
        expect(Math.abs((top + bottom - 1) / 2 - at.y)).toBeLessThan(0.1);
        expect(Math.abs((bottom - top) / 2 - radius.y)).toBeLessThan(0.5);
      }
    }
    await model.close();
  });

  it("boxes too, by corner labels and by an input of their own", async () => {
    const box = { left: 70, top: 40, right: 160, bottom: 130 };
    for (const name of ["SAM, four masks", "EfficientSAM", "SAM 2, samexporter", "SAM 2, Hugging Face"]) {
      const { model } = await openWatched(await samVariant(name).write(folder));
      const bright = rectangle(333, 251, { left: 0, top: 0, right: 333, bottom: 251 });
      const [map] = await model.segment([bright], [{ points: [], box }]);
      const edges = edgesOf(map, { x: 110, y: 90 });
      // Positions 70 and 160 are centres of pixels: half a pixel from their borders.
      for (const edge of ["left", "top", "right", "bottom"] as const)
        expect(Math.abs(edges[edge] - 0.5 - box[edge])).toBeLessThan(0.2);
      await model.close();
    }
  });
});

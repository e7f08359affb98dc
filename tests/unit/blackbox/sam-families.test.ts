import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Prompt } from "@fedbaps/core/blackbox/model.js";
import { parseSpec } from "@fedbaps/core/blackbox/spec.js";
import type { Tensor, Tensors } from "@fedbaps/core/blackbox/tensor.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { largestDifference } from "../../support/numbers.js";
import { efficientSamDecoder, samDecoder } from "../../support/sam-decoders.js";
import { samEncoder } from "../../support/sam-encoders.js";
import { SAM_VARIANTS, samVariant, writePair } from "../../support/sam-graphs.js";
import { disc } from "../../support/shapes.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { openWatched, stubSam, type WatchedSam } from "../../support/tensor-graphs.js";

removeTemporaryFolders();

let folder = "";
beforeAll(async () => {
  folder = await temporaryFolder();
});

const openVariant = async (name: string, settings = ""): Promise<WatchedSam> =>
  openWatched((await samVariant(name).write(folder)) + settings);

const point = (x: number, y: number, label: 0 | 1 = 1) => ({ x, y, label });
const centre = { x: 36, y: 40 };
const picture = disc(120, 90, centre, 16);
const click: Prompt = { points: [point(centre.x, centre.y)] };
const box = { left: 20, top: 25, right: 51, bottom: 58 };

describe("an export of the family is known by its tensors", () => {
  it.each(SAM_VARIANTS.map((variant) => [variant.name, variant] as const))("%s", async (name, variant) => {
    const { model } = await openWatched(await variant.write(folder));
    const { family, geometry, prompts, pixels } = variant;
    const side = /LiteMedSAM|half precision/.test(name) ? 256 : 1024;
    expect(model.description).toMatchObject({ family, geometry, prompts, nativeSize: { width: side, height: side } });
    expect(model.description.notes[0]).toMatch(new RegExp(`^pixels ${pixels.replaceAll(".", "\\.")} .*${geometry}$`));
    const [map] = await model.segment([picture], [click]);
    expect([map.width, map.height, map.data.length]).toEqual([120, 90, 10800]);
    const at = (x: number, y: number) => map.data[y * 120 + x];
    expect(at(centre.x, centre.y)).toBeGreaterThan(0.9);
    for (const [x, y] of [
      [36, 20],
      [13, 40],
      [100, 70],
    ])
      expect(at(x, y)).toBeLessThan(0.1);
    await model.close();
  });

  it("whatever its files are called", async () => {
    const { places } = parseSpec(await samVariant("SAM, normalised pictures").write(folder));
    const names = ["sam2_hiera_decoder.onnx", "efficient_sam_encoder.onnx"].map((name) => join(folder, name));
    for (const [i, name] of names.entries()) await copyFile(places[i], name);
    const { model } = await openWatched(`sam-onnx:${names.join(",")}`);
    expect(model.description.family).toBe("sam");
    await model.close();
  });

  it.each(["image_embedding", "embeddings", "image_embed", "features"])(
    "also where the encoder calls its embedding %s",
    async (name) => {
      const encoder = samEncoder({ input: "img", output: { name } });
      const { model } = await openWatched(await writePair(folder, encoder, samDecoder()));
      const [map] = await model.segment([picture], [click]);
      expect(map.data[centre.y * 120 + centre.x]).toBeGreaterThan(0.9);
      await model.close();
    },
  );

  it("gives the same answer however its encoder wants the pixels and whichever of the masks are there", async () => {
    const answer = async (name: string) => {
      const { model } = await openVariant(name);
      const [map] = await model.segment([picture], [click]);
      await model.close();
      return map.data;
    };
    const expected = await answer("SAM, normalised pictures");
    for (const [name, tolerance] of [
      ["SAM, four masks", 1e-6],
      ["SAM, encoder that prepares", 1e-4],
      ["SAM, encoder that resizes", 1e-4],
      ["SAM, channels last", 1e-4],
      ["SAM, bytes", 0.02],
      ["SAM, quantised", 0.03],
      ["SAM, masks of a frozen shape", 1e-6],
      ["HQ-SAM", 1e-5],
      ["EdgeSAM", 1e-6],
      ["MobileSAM", 1e-4],
      ["SAM, Hugging Face", 1e-5],
    ] as const)
      expect(largestDifference(await answer(name), expected)).toBeLessThan(tolerance);
  });

  it("gives in half precision what it gives in single, to two places", async () => {
    const small = { input: "images", side: 256 };
    const { model } = await openWatched(await writePair(folder, samEncoder(small), samDecoder({ side: 256 })));
    const [single] = await model.segment([picture], [click]);
    for (const name of ["half precision", "encoder of half precision", "decoder of half precision"]) {
      const half = await openVariant(`SAM, ${name}`);
      const [map] = await half.model.segment([picture], [click]);
      expect(largestDifference(map.data, single.data)).toBeLessThan(0.01);
      await half.model.close();
    }
    await model.close();
  });
});

describe("the settings", () => {
  it("are part of the identity: other settings, other answers", async () => {
    const spec = await samVariant("SAM, normalised pictures").write(folder);
    const identities = new Set<string>();
    for (const settings of ["", "#pixels=0..1", "#fit=stretch", "#preset=medsam", "#masks=image"]) {
      const { model } = await openWatched(spec + settings);
      identities.add(model.description.identity);
      await model.close();
    }
    expect(identities.size).toBe(5);
    const { model } = await openWatched(spec);
    expect(identities).toContain(model.description.identity);
    await model.close();
  });

  it("size sets the side that a graph leaves free, and no other", async () => {
    for (const [name, side] of [
      ["SAM, encoder that prepares", 320],
      ["SAM, normalised pictures", 1024],
    ] as const) {
      const { model } = await openVariant(name, "#size=320");
      expect(model.description.nativeSize).toEqual({ width: side, height: side });
      await model.close();
    }
  });
});

/** What a decoder was given, as plain numbers. */
const shown = (tensor: Tensor) => [tensor.type, tensor.shape, Array.from(tensor.data as ArrayLike<number>, Number)];

describe("what a decoder is given of a prompt", () => {
  // On a picture as large as the frame positions keep their numbers.
  const frame: Image = { data: new Float32Array(3 * 1024 * 1024), width: 1024, height: 1024, channels: 3 };
  const two: Prompt = { points: [point(10, 20), point(30, 40, 0)] };
  const boxed: Prompt = { points: [], box: { left: 5, top: 6, right: 70, bottom: 80 } };
  const both: Prompt = { ...boxed, points: [point(9, 8)] };

  /** Positions and labels for the four prompts, as [type, shape, numbers]. */
  async function given(name: string, prompts: readonly Prompt[]): Promise<Tensors[]> {
    const { model, decoder } = await openVariant(name);
    const small: Image = name.includes("LiteMedSAM")
      ? { ...frame, data: frame.data.subarray(0, 3 * 65536), width: 256, height: 256 }
      : frame;
    for (const prompt of prompts) await model.segment([small], [prompt]);
    await model.close();
    return decoder.given;
  }

  const CLICK = { points: [point(10, 20)] };
  /** With the position without a meaning where the caller owes it: not beside a box. */
  const OWED = [
    [1, -1],
    [1, 0, -1],
    [2, 3],
    [1, 2, 3],
  ];
  const OWN = [[1], [1, 0], [2, 3], [1, 2, 3]];

  it.each<[string, string, string, string, number[][]]>([
    ["SAM, four masks", "point_coords", "point_labels", "float32", OWED],
    ["EdgeSAM", "point_coords", "point_labels", "float32", OWED],
    ["LiteMedSAM", "point_coords", "point_labels", "float32", OWED],
    ["SAM 2, samexporter", "point_coords", "point_labels", "float32", OWN],
    ["SAM 2, Microsoft", "point_coords", "point_labels", "int32", OWN],
    ["EfficientSAM", "batched_point_coords", "batched_point_labels", "float32", OWN],
  ])("%s", async (name, points, labels, type, expected) => {
    const feeds = await given(name, [CLICK, two, boxed, both]);
    const leading = name === "EfficientSAM" ? [1, 1] : [1];
    const positions = [
      [10, 20],
      [10, 20, 30, 40],
      [5, 6, 70, 80],
      [9, 8, 5, 6, 70, 80],
    ];
    for (const [i, feed] of feeds.entries()) {
      const count = expected[i].length;
      expect(shown(feed[labels])).toEqual([type, [...leading, count], expected[i]]);
      const filled = [...positions[i], ...new Array(2 * count - positions[i].length).fill(0)];
      expect(shown(feed[points])).toEqual(["float32", [...leading, count, 2], filled]);
    }
  });

  it("Hugging Face, first: whole-number labels, four ranks, and no box", async () => {
    const [one, pair] = await given("SAM, Hugging Face", [CLICK, two]);
    expect(shown(one.input_points)).toEqual(["float32", [1, 1, 1, 2], [10, 20]]);
    expect(shown(one.input_labels)).toEqual(["int64", [1, 1, 1], [1]]);
    expect(shown(pair.input_labels)).toEqual(["int64", [1, 1, 2], [1, 0]]);
    for (const prompt of [boxed, both]) {
      const error = await thrownBy(() => given("SAM, Hugging Face", [prompt]));
      expect(error).toMatchObject({ code: "BLACKBOX_INPUT", message: expect.stringContaining("points only") });
    }
  });

  it("Hugging Face, SAM 2: boxes apart, and what is not there is given empty", async () => {
    const [one, pair, alone, together] = await given("SAM 2, Hugging Face", [CLICK, two, boxed, both]);
    expect(shown(one.input_points)).toEqual(["float32", [1, 1, 1, 2], [10, 20]]);
    expect(shown(one.input_boxes)).toEqual(["float32", [1, 0, 4], []]);
    expect(shown(pair.input_labels)).toEqual(["int64", [1, 1, 2], [1, 0]]);
    expect(shown(alone.input_points)).toEqual(["float32", [1, 1, 0, 2], []]);
    expect(shown(alone.input_labels)).toEqual(["int64", [1, 1, 0], []]);
    expect(shown(alone.input_boxes)).toEqual(["float32", [1, 1, 4], [5, 6, 70, 80]]);
    expect(shown(together.input_points)).toEqual(["float32", [1, 1, 1, 2], [9, 8]]);
    expect(shown(together.input_boxes)).toEqual(["float32", [1, 1, 4], [5, 6, 70, 80]]);
  });

  it("says that there is no earlier mask, and how large the picture is, height first, in the graph's type", async () => {
    for (const [name, size, type] of [
      ["SAM, four masks", "orig_im_size", "float32"],
      ["SAM, half precision", "orig_im_size", "float16"],
      ["EfficientSAM", "orig_im_size", "int64"],
      ["SAM 2, image size int32", "orig_im_size", "int32"],
      ["SAM 2, image size float32", "orig_im_size", "float32"],
      ["SAM 2, Microsoft", "original_image_size", "int32"],
    ]) {
      const { model, decoder } = await openVariant(name);
      await model.segment([picture], [click]);
      const [feeds] = decoder.given;
      expect(feeds[size].type).toBe(type);
      if (type !== "float16") expect(shown(feeds[size])).toEqual([type, [2], [90, 120]]);
      const mask = feeds.mask_input ?? feeds.input_masks;
      const has = feeds.has_mask_input ?? feeds.has_input_masks;
      if (name !== "EfficientSAM") {
        expect(mask.shape).toEqual([1, 1, 256, 256]);
        expect(mask.data.every((value) => Number(value) === 0)).toBe(true);
        expect(shown(has).slice(1)).toEqual([[1], [0]]);
      }
      await model.close();
    }
  });
});

describe("prompts that a graph has no room for", () => {
  const clicks = (count: number): Prompt => ({ points: Array.from({ length: count }, (_, i) => point(30 + i, 40)) });

  it("EfficientSAM: up to six positions, a box for two of them", async () => {
    const { model } = await openVariant("EfficientSAM");
    for (const prompt of [clicks(6), { ...clicks(4), box }])
      expect(await model.segment([picture], [prompt])).toHaveLength(1);
    for (const prompt of [clicks(7), { ...clicks(5), box }])
      expect(await thrownBy(() => model.segment([picture], [prompt]))).toMatchObject({
        code: "BLACKBOX_INPUT",
        message: expect.stringMatching(/6 prompt positions at most.*not 7/),
      });
    expect(model.description.notes.join()).toContain("background click");
    await model.close();
  });

  it("a graph of a fixed number: filled up, the owed position left out before a click is refused", async () => {
    const pair = await writePair(folder, samEncoder({ input: "images" }), samDecoder({ tokens: 3 }));
    const { model, decoder } = await openWatched(pair);
    for (const prompt of [clicks(1), clicks(2), clicks(3), { points: [], box }])
      await model.segment([picture], [prompt]);
    expect(decoder.given.map(({ point_labels }) => Array.from(point_labels.data as Float32Array))).toEqual([
      [1, -1, -1],
      [1, 1, -1],
      [1, 1, 1],
      [2, 3, -1],
    ]);
    for (const prompt of [clicks(4), { ...clicks(2), box }])
      expect(await codeOf(() => model.segment([picture], [prompt]))).toBe("BLACKBOX_INPUT");
    await model.close();
  });

  it("a graph of single clicks takes no box and does not claim to", async () => {
    const encoder = samEncoder({ input: "batched_images", free: true, arithmetic: "0..1", resizes: true });
    const { model } = await openWatched(await writePair(folder, encoder, efficientSamDecoder({ asQuestions: true })));
    expect(model.description.prompts).toEqual(["point"]);
    expect(await model.segment([picture], [clicks(1)])).toHaveLength(1);
    for (const prompt of [clicks(2), { points: [], box }])
      expect(await codeOf(() => model.segment([picture], [prompt]))).toBe("BLACKBOX_INPUT");
    await model.close();
  });
});

describe("embeddings", () => {
  it("are made once for several clicks on one picture, and anew for another", async () => {
    const { model, encoder, decoder } = await openVariant("SAM, normalised pictures");
    const prompts = [click, { points: [point(3, 4)] }, { points: [], box }];
    const alone = await model.segment(
      prompts.map(() => picture),
      prompts,
    );
    // The same values in other memory are the same picture.
    const [again] = await model.segment([{ ...picture, data: picture.data.slice() }], [click]);
    expect(encoder.given).toHaveLength(1);
    expect(decoder.given).toHaveLength(4);
    expect(again.data).toEqual(alone[0].data);
    const changed = { ...picture, data: picture.data.slice() };
    changed.data[5] += 1;
    await model.segment([changed], [click]);
    // The same values in another shape are another picture.
    await model.segment([{ ...picture, width: 90, height: 120 }], [click]);
    expect(encoder.given).toHaveLength(3);
    await model.close();
  });

  it("are kept up to so many bytes: the picture asked about longest ago is forgotten", async () => {
    const masks = { masks: [1, 1, 16, 16] };
    const zeros = { type: "float32", shape: [1, 1, 16, 16], data: new Float32Array(256) } as const;
    // 40 MiB each: three of them fit.
    const { model, encoder } = stubSam(() => ({ masks: zeros }), masks, { channels: 640 * 1024 });
    const ask = async (level: number) => {
      const image: Image = { data: new Float32Array(12).fill(level), width: 2, height: 2, channels: 3 };
      await model.segment([image], [{ points: [point(0, 0)] }]);
      return encoder.given.length;
    };
    for (const level of [1, 2, 3]) await ask(level);
    expect(await ask(1)).toBe(3);
    expect(await ask(4)).toBe(4);
    expect(await ask(1)).toBe(4);
    expect(await ask(2)).toBe(5);
    await model.close();
    expect(encoder.closed).toBe(true);
  });

  it("larger than all that is kept are used and not kept", async () => {
    const zeros = { type: "float32", shape: [1, 1, 16, 16], data: new Float32Array(256) } as const;
    const { model, encoder } = stubSam(() => ({ masks: zeros }), { masks: [1, 1, 16, 16] }, { channels: 2 ** 22 });
    for (let i = 1; i <= 2; i++) {
      expect(await model.segment([picture], [click])).toHaveLength(1);
      expect(encoder.given).toHaveLength(i);
    }
    await model.close();
  });
});

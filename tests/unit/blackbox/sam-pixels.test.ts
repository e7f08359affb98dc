import { fromFloat16 } from "@fedbaps/core/blackbox/float16.js";
import { readModelMessage } from "@fedbaps/core/blackbox/onnx-schema.js";
import { encoderInput, recogniseEncoder } from "@fedbaps/core/blackbox/sam/encoder.js";
import { place } from "@fedbaps/core/blackbox/sam/geometry.js";
import { type PixelRange, pixelRangeOf } from "@fedbaps/core/blackbox/sam/pixels.js";
import type { SamSettings } from "@fedbaps/core/blackbox/sam/settings.js";
import type { Tensor } from "@fedbaps/core/blackbox/tensor.js";
import { floatsOf } from "@fedbaps/core/blackbox/tensor-data.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { FLOAT16, GraphBuilder, onnxFile } from "../../support/onnx-graph.js";
import { DEVIATION, MEAN } from "../../support/sam-encoders.js";
import { SAM_VARIANTS, samVariant } from "../../support/sam-graphs.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { openWatched } from "../../support/tensor-graphs.js";

removeTemporaryFolders();

/** One colour everywhere, or another in the right half. */
function painted(width: number, height: number, left: readonly number[], right = left): Image {
  const data = new Float32Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data.set(i % width < width / 2 ? left : right, 3 * i);
  return { data, width, height, channels: 3 };
}

const numbers = ({ data }: Tensor) => Array.from(data as ArrayLike<number | bigint>, Number);
const normalised = (colour: readonly number[]) => colour.map((value, c) => (value / 255 - MEAN[c]) / DEVIATION[c]);

describe("what an encoder is given", () => {
  const size = { width: 6, height: 6 };
  const colour = [200, 100, 30.5];
  const other = [10, 20, 30];

  /** The input of a 6 x 6 encoder for a picture of 6 x 3. */
  function given(
    shape: readonly (number | undefined)[],
    settings: SamSettings,
    type: "float32" | "float16" | "uint8" = "float32",
    picture = painted(6, 3, colour, other),
  ): Tensor {
    const encoder = recogniseEncoder({ inputs: [{ name: "images", type, shape }] }, undefined, settings, "normalised");
    return encoderInput(encoder, picture, place(picture, size, settings.fit ?? "longest-side"));
  }
  /** The colour at a place of a [1,3,6,6] tensor. */
  const planar = ({ data }: Tensor, x: number, y: number) => [0, 1, 2].map((c) => Number(data[c * 36 + y * 6 + x]));

  it.each<[PixelRange, number[], number[], number[]]>([
    ["normalised", normalised(colour), normalised(other), [0, 0, 0]],
    ["0..255", colour, other, [123.675, 116.28, 103.53]],
    ["0..1", colour.map((v) => v / 255), other.map((v) => v / 255), [...MEAN]],
    ["minmax", colour.map((v) => (v - 10) / 190), other.map((v) => (v - 10) / 190), [0, 0, 0]],
  ])("%s: the picture, and below it what black is after the mean was taken off", (pixels, left, right, padding) => {
    const tensor = given([1, 3, 6, 6], { pixels });
    expect(tensor).toMatchObject({ type: "float32", shape: [1, 3, 6, 6] });
    for (const [x, y, expected] of [
      [0, 0, left],
      [2, 2, left],
      [3, 0, right],
      [5, 2, right],
      [0, 3, padding],
      [5, 5, padding],
    ] as const)
      for (const [c, value] of planar(tensor, x, y).entries()) expect(value).toBeCloseTo(expected[c], 5);
  });

  it("a picture of one level is no division by nothing", () => {
    const tensor = given([1, 3, 6, 6], { pixels: "minmax" }, "float32", painted(6, 6, [7, 7, 7]));
    expect(new Set(numbers(tensor))).toEqual(new Set([0]));
  });

  it("is no padding where the picture fills the frame", () => {
    const tensor = given([1, 3, 6, 6], { pixels: "0..255", fit: "stretch" });
    expect(planar(tensor, 0, 5)).toEqual(colour);
    expect(planar(tensor, 5, 5)).toEqual(other);
  });

  it.each([
    [[3, 6, 6], [3, 6, 6], (x: number, y: number, c: number) => c * 36 + y * 6 + x],
    [[1, 6, 6, 3], [1, 6, 6, 3], (x: number, y: number, c: number) => (y * 6 + x) * 3 + c],
    [[6, 6, 3], [6, 6, 3], (x: number, y: number, c: number) => (y * 6 + x) * 3 + c],
    // Free sides: the graph pads by itself.
    [[undefined, undefined, 3], [3, 6, 3], (x: number, y: number, c: number) => (y * 6 + x) * 3 + c],
  ])("of shape %j is laid out as %j", (shape, out, index) => {
    const tensor = given(shape, { pixels: "0..255" });
    expect(tensor.shape).toEqual(out);
    expect(tensor.data.length).toBe(out.reduce((product, length) => product * length));
    for (let c = 0; c < 3; c++) {
      expect(tensor.data[index(1, 2, c)]).toBe(colour[c]);
      expect(tensor.data[index(4, 0, c)]).toBe(other[c]);
      if (out[0] !== 3 || out[2] !== 3) expect(tensor.data[index(4, 5, c)]).toBeCloseTo(MEAN[c] * 255, 3);
    }
  });

  it("of bytes is rounded and kept in 0..255, the padding too", () => {
    const tensor = given([6, 6, 3], {}, "uint8", painted(6, 3, [199.6, 254.9, 300], [-4, 0.4, 12.51]));
    expect(tensor.data).toBeInstanceOf(Uint8Array);
    expect(numbers(tensor).slice(0, 3)).toEqual([200, 255, 255]);
    expect(numbers(tensor).slice(15, 18)).toEqual([0, 0, 13]);
    expect(numbers(tensor).slice(105, 108)).toEqual([124, 116, 104]);
  });

  it("of half precision is what it is otherwise, rounded", () => {
    const half = given([1, 3, 6, 6], {}, "float16");
    const single = given([1, 3, 6, 6], {});
    expect(half.type).toBe("float16");
    const values = fromFloat16(half.data as Uint16Array);
    for (let i = 0; i < values.length; i++) expect(values[i]).toBeCloseTo(Number(single.data[i]), 2);
  });

  it("is fitted with the mean over what a pixel covers, so that fine stripes do not alias", () => {
    const stripes = painted(24, 24, [0, 0, 0]);
    for (let i = 0; i < stripes.data.length; i += 6) stripes.data.fill(240, i, i + 3);
    const tensor = given([1, 3, 6, 6], { pixels: "0..255" }, "float32", stripes);
    expect(new Set(numbers(tensor))).toEqual(new Set([120]));
  });
});

describe("what the network sees of a picture, whoever prepares it", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  const [dark, bright] = [
    [40, 60, 80],
    [220, 200, 190],
  ];

  it.each(SAM_VARIANTS.map((variant) => [variant.name, variant] as const))("%s", async (_, { write, pixels }) => {
    const { model, decoder, encoder } = await openWatched(await write(folder));
    // Twice as wide as high.
    await model.segment([painted(64, 32, dark, bright)], [{ points: [{ x: 3, y: 3, label: 1 }] }]);
    const minmax = pixels === "minmax" || encoder.source.node?.some(({ op_type }) => op_type === "ReduceMin");
    const expected = (colour: readonly number[]) =>
      minmax ? colour.map((value) => ((value - 40) / 180 - 0.5) / 0.29) : normalised(colour);
    const features = Object.entries(decoder.given[0])
      .filter(([name]) => /^(image_embed|image_features|high_res)/.test(name))
      .map(([, tensor]) => tensor)
      .sort((p, q) => q.shape[2] - p.shape[2]);
    /** The colour in a cell of the 64 x 64 that embeddings hold; in SAM 2's three sizes there is one channel in each. */
    const seen = (x: number, y: number) =>
      [0, 1, 2].map((c) => {
        const [{ shape, data, type }, channel] = features.length === 3 ? [features[c], 0] : [features[0], c];
        const scale = shape[2] / 64;
        const value = Number(data[(channel * shape[2] + y * scale) * shape[3] + x * scale]);
        return type === "float16" ? fromFloat16(Uint16Array.of(value))[0] : value;
      });
    const low = model.description.geometry === "stretch" ? 60 : 28;
    for (const [x, y, colour] of [
      [2, 2, dark],
      [2, low, dark],
      [60, 2, bright],
      [60, low, bright],
    ] as const)
      for (const [c, value] of seen(x, y).entries()) expect(Math.abs(value - expected(colour)[c])).toBeLessThan(0.03);
    if (model.description.geometry === "longest-side")
      // The padding: zeros where the network has normalised pixels or its own range's darkest.
      for (const value of seen(30, 50)) expect(Math.abs(value - (minmax ? -0.5 / 0.29 : 0))).toBeLessThan(0.03);
    await model.close();
  });

  it("may be told otherwise, and the answer's notes say where it comes from", async () => {
    const spec = await samVariant("SAM, normalised pictures").write(folder);
    for (const [settings, note] of [
      ["", /^pixels normalised \(usual for the family.*longest-side$/],
      ["#pixels=0..1", /^pixels 0\.\.1 \(as the settings say\)/],
      ["#preset=medsam", /^pixels minmax \(as the settings say\), pictures stretch$/],
      ["#preset=medsam&pixels=0..255", /^pixels 0\.\.255 \(as the settings say\), pictures stretch$/],
    ] as const) {
      const { model, encoder } = await openWatched(spec + settings);
      expect(model.description.notes).toEqual([expect.stringMatching(note)]);
      if (settings === "#pixels=0..1") {
        await model.segment([painted(4, 4, [51, 102, 255])], [{ points: [{ x: 1, y: 1, label: 1 }] }]);
        const values = floatsOf("images", encoder.given[0].images);
        for (const [c, value] of [0.2, 0.4, 1].entries()) expect(values[c * 2 ** 20]).toBeCloseTo(value, 5);
      }
      await model.close();
    }
    const { model } = await openWatched(await samVariant("MobileSAM").write(folder));
    expect(model.description.notes).toEqual([expect.stringMatching(/^pixels 0\.\.255 \(read off the graph\)/)]);
    await model.close();
  });
});

describe("the range that a graph's own arithmetic speaks of", () => {
  /** What is found in a graph: `prepare` takes the picture on to the first layer with weights, a convolution. */
  function found(
    prepare: (g: GraphBuilder, x: string) => string,
    shape: readonly (number | string)[] = ["batch", 3, 64, 64],
  ): ReturnType<typeof pixelRangeOf> {
    const g = new GraphBuilder();
    const kernel = g.floats(new Array(3 * 16).fill(0.1), [1, 3, 4, 4]);
    g.output("image_embeddings", ["batch", 1, 16, 16], g.op("Conv", [prepare(g, g.input("x", shape)), kernel]));
    return pixelRangeOf(readModelMessage(g.file()), "x");
  }
  const channels = (g: GraphBuilder, values: readonly number[]) => g.floats(values, [3, 1, 1]);
  const scaled = (values: readonly number[]) => values.map((value) => value * 255);
  /** A constant as a node, in the form that an exporter gives it. */
  const constantNode = (g: GraphBuilder, values: readonly number[]) =>
    g.op("Constant", [], { value: { tensor: { name: "value", shape: [values.length, 1, 1], values } } });

  it("0..255: mean and deviation of that scale, initializers or nodes, whole or scaled", () => {
    const withInitializers = found((g, x) =>
      g.op("Div", [g.op("Sub", [x, channels(g, scaled(MEAN))]), channels(g, scaled(DEVIATION))]),
    );
    const withNodes = found((g, x) =>
      g.op("Div", [g.op("Sub", [x, constantNode(g, scaled(MEAN))]), constantNode(g, scaled(DEVIATION))]),
    );
    const divided = found((g, x) =>
      g.op("Div", [g.op("Sub", [g.op("Div", [x, g.float(255)]), channels(g, MEAN)]), channels(g, DEVIATION)]),
    );
    const multiplied = found((g, x) => {
      const turned = channels(
        g,
        DEVIATION.map((value) => 1 / value),
      );
      // The constant first, as exporters write it too.
      return g.op("Mul", [turned, g.op("Sub", [g.op("Mul", [g.float(1 / 255), x]), channels(g, MEAN)])]);
    });
    const added = found((g, x) => {
      const back = channels(
        g,
        MEAN.map((value) => (-255 * value) / (255 * 0.225)),
      );
      return g.op("Add", [g.op("Mul", [x, g.float(1 / (255 * 0.225))]), back]);
    });
    const onlyDivided = found((g, x) => g.op("Mul", [x, g.float(1 / 255)]));
    const aboutZero = found((g, x) => g.op("Sub", [g.op("Div", [x, g.float(127.5)]), g.float(1)]));
    for (const range of [withInitializers, withNodes, divided, multiplied, added, onlyDivided, aboutZero])
      expect(range).toBe("0..255");
  });

  it("0..1: mean and deviation of that scale", () => {
    const standardised = (g: GraphBuilder, x: string) =>
      g.op("Div", [g.op("Sub", [x, channels(g, MEAN)]), channels(g, DEVIATION)]);
    expect(found(standardised)).toBe("0..1");
    expect(found((g, x) => g.op("Div", [g.op("Sub", [x, g.float(0.5)]), g.float(0.5)]))).toBe("0..1");
    // Behind a resize, as EfficientSAM has it.
    const resizing = (g: GraphBuilder, x: string) =>
      standardised(g, g.op("Resize", [x, "", "", g.ints(1, 3, 64, 64)], { mode: "linear" }));
    expect(found(resizing, ["batch", 3, "height", "width"])).toBe("0..1");
  });

  it("is found behind what only moves and retypes, on the picture and on the constants", () => {
    const range = found(
      (g, x) => {
        // Its sizes are looked at too, as exporters do for the padding.
        const missing = g.op("Sub", [g.ints(64, 64), g.op("Slice", [g.op("Shape", [x]), g.ints(0), g.ints(2)])]);
        const mean = g.op("Reshape", [g.floats(scaled(MEAN)), g.ints(1, 1, 3)]);
        const centred = g.op("Sub", [g.op("Cast", [x], { to: 1 }), mean]);
        const deviation = g.op("Unsqueeze", [g.op("Identity", [g.floats(scaled(DEVIATION))]), g.ints(0)]);
        const planes = g.op("Transpose", [g.op("Div", [centred, deviation])], { perm: [2, 0, 1] });
        const pads = g.op("Concat", [g.ints(0, 0, 0, 0, 0, 0), missing], { axis: 0 });
        return g.op("Pad", [g.op("Unsqueeze", [planes, g.ints(0)]), pads]);
      },
      ["height", "width", 3],
    );
    expect(range).toBe("0..255");
  });

  it("is read from constants of half precision and in other forms", () => {
    const half = found((g, x) => {
      const three = (values: readonly number[]) => g.constant({ shape: [3, 1, 1], values, type: FLOAT16 });
      return g.op("Div", [g.op("Sub", [x, three(scaled(MEAN))]), three(scaled(DEVIATION))]);
    });
    expect(half).toBe("0..255");
    const g = new GraphBuilder();
    const x = g.op("Div", [g.input("x", [1, 3, 8, 8]), g.op("Constant", [], { value_float: { float: 255 } })]);
    g.output("y", [1, 3, 8, 8], x);
    expect(pixelRangeOf(readModelMessage(g.file()), "x")).toBe("0..255");
  });

  it("is not made up: no arithmetic, or arithmetic that is none of this", () => {
    expect(found((_, x) => x)).toBeUndefined();
    expect(found((g, x) => g.op("Identity", [g.op("Cast", [x], { to: 1 })]))).toBeUndefined();
    // A positional embedding is no mean.
    const position = new Array(3 * 64 * 64).fill(0.02);
    expect(found((g, x) => g.op("Add", [x, g.floats(position, [1, 3, 64, 64])]))).toBeUndefined();
    // A mean alone: neither range comes out anywhere near normalised pixels.
    expect(found((g, x) => g.op("Sub", [x, channels(g, scaled(MEAN))]))).toBeUndefined();
    expect(found((g, x) => g.op("Mul", [x, g.float(1000)]))).toBeUndefined();
    expect(found((g, x) => g.op("Mul", [x, g.float(1e-6)]))).toBeUndefined();
    // The picture's own range, worked out by the graph.
    expect(
      found((g, x) => {
        const [least, most] = ["ReduceMin", "ReduceMax"].map((operator) => g.op(operator, [x], { keepdims: 0 }));
        return g.op("Div", [g.op("Sub", [x, least]), g.op("Sub", [most, least])]);
      }),
    ).toBeUndefined();
    // Another input, and a graph that leads back to where it began.
    expect(pixelRangeOf(readModelMessage(onnxFile({ nodes: [], inputs: [], outputs: [] })), "x")).toBeUndefined();
    const circle = [{ operator: "Identity", inputs: ["x"], outputs: ["x"] }];
    expect(pixelRangeOf(readModelMessage(onnxFile({ nodes: circle, inputs: [], outputs: [] })), "x")).toBeUndefined();
  });

  it("stops at the first layer with weights: what comes behind is not about pixels", () => {
    const g = new GraphBuilder();
    const kernel = g.floats(new Array(3 * 16).fill(0.1), [1, 3, 4, 4]);
    const layer = g.op("Conv", [g.input("x", [1, 3, 8, 8]), kernel]);
    g.output("y", [1, 1, 5, 5], g.op("Div", [g.op("Sub", [layer, g.float(0.5)]), g.float(0.2)]));
    expect(pixelRangeOf(readModelMessage(g.file()), "x")).toBeUndefined();
  });
});

import { ort } from "@fedbaps/core/blackbox/onnx-runtime.js";
import { ModelProto } from "@fedbaps/core/blackbox/onnx-schema.js";
import { drawPhantom, LOOKS } from "@fedbaps/core/data/phantoms.js";
import { DECODER_KINDS, type DecoderKind } from "@fedbaps/core/decoder/parameters.js";
import { agrees, ExportedGraph } from "@fedbaps/core/export/agreement.js";
import { checkGraph, worstOf } from "@fedbaps/core/export/check.js";
import { encodeDecoderGraph } from "@fedbaps/core/export/decoder-graph.js";
import { SPECIMENS } from "@fedbaps/core/export/specimens.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import type { Sizing } from "@fedbaps/core/training/cases.js";
import { afterAll, describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { largestDifference, sameBits } from "../../support/numbers.js";
import { fc } from "../../support/property.js";
import { paintingDecoder } from "./painting-decoder.js";

const GEOMETRIES: readonly Sizing[] = [
  { geometry: "stretch", nativeSize: { width: 128, height: 128 } },
  { geometry: "stretch", nativeSize: { width: 96, height: 64 } },
  { geometry: "longest-side", nativeSize: { width: 200, height: 200 } },
];
const CASES = DECODER_KINDS.flatMap((kind) => GEOMETRIES.map((sizing) => [kind, sizing] as const));

async function exported(kind: DecoderKind, sizing: Sizing) {
  const trained = await paintingDecoder(kind);
  return { ...trained, sizing, graph: await encodeDecoderGraph({ ...trained, sizing, producerVersion: "1.2.3" }) };
}

/** Pictures that one meets, and those that numbers are difficult in. */
const pictures: Readonly<Record<string, (width: number, height: number, seed: number) => Image>> = {
  phantom: (width, height, seed) =>
    drawPhantom({ look: LOOKS[seed % LOOKS.length], seed, index: 0, size: { width, height } }).image,
  noise: (width, height, seed) => filled(width, height, seed, (stream) => Math.floor(256 * stream.uniform())),
  flat: (width, height, seed) => {
    const level = 255 * new RandomStream(seed, "level").uniform();
    return filled(width, height, seed, () => level);
  },
  "black, here and there a pixel": (width, height, seed) =>
    filled(width, height, seed, (stream) => (stream.uniform() < 0.02 ? 255 : 0)),
};

function filled(width: number, height: number, seed: number, value: (stream: RandomStream) => number): Image {
  const stream = new RandomStream(seed, "filled");
  return { data: Float32Array.from({ length: 3 * width * height }, () => value(stream)), width, height, channels: 3 };
}

describe.each(CASES)("the graph of %s for %j", (kind, sizing) => {
  it("draws and shows what the pipeline does, on pictures of any size, wherever the click is", async () => {
    const graph = await ExportedGraph.open(await exported(kind, sizing));
    const side = fc.oneof(fc.integer({ min: 24, max: 300 }), fc.constantFrom(64, 128, 256));
    const share = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.5, 1));
    const seen = { strongest: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(pictures)),
        side,
        side,
        share,
        share,
        fc.nat(1000),
        async (of, width, height, across, down, seed) => {
          const image = pictures[of](width, height, seed);
          const point = { x: Math.round(across * (width - 1)), y: Math.round(down * (height - 1)), label: 1 } as const;
          const agreement = await graph.compare({ image, point });
          expect(agreement).toMatchObject({ width, height });
          expect(worstOf([agreement])).toBeLessThan(1e-3);
          expect(agrees(agreement)).toBe(true);
          seen.strongest = Math.max(seen.strongest, agreement.strongest);
        },
      ),
      { numRuns: 8 },
    );
    // Else there would have been nothing to compare.
    expect(seen.strongest).toBeGreaterThan(10);
    await graph.close();
  });
});

it.each(DECODER_KINDS)("%s: pictures of a pixel or a line work too", async (kind) => {
  const graph = await ExportedGraph.open(await exported(kind, GEOMETRIES[2]));
  for (const [width, height] of [
    [1, 1],
    [1, 40],
    [333, 1],
    [3, 2],
  ]) {
    const image = pictures.noise(width, height, 3);
    expect(agrees(await graph.compare({ image, point: { x: 0, y: 0, label: 1 } }))).toBe(true);
  }
  await graph.close();
});

describe.each(DECODER_KINDS)("the check of %s at export", (kind) => {
  it("passes on all drawn pictures, at the size of a SAM too", async () => {
    const sam: Sizing = { geometry: "longest-side", nativeSize: { width: 1024, height: 1024 } };
    const agreements = await checkGraph(await exported(kind, sam));
    expect(agreements).toHaveLength(SPECIMENS);
    expect(worstOf(agreements)).toBeLessThan(1e-3);
    for (const { strongest } of agreements) expect(strongest).toBeGreaterThan(1);
  });

  it("refuses the graph of other parameters, of another seed's decoder or of another size", async () => {
    const right = await exported(kind, GEOMETRIES[0]);
    const { theta } = await paintingDecoder(kind, 2);
    expect(await thrownBy(() => checkGraph({ ...right, theta }))).toMatchObject({
      code: "EXPORT_DIFFERS",
      message: expect.stringMatching(/grey levels off.*nothing was written/),
    });
    // A single parameter, a little: a hundredth of its usual size.
    const moved = right.theta.slice();
    moved[moved.length - 1] += 0.003;
    expect(await codeOf(() => checkGraph({ ...right, theta: moved }))).toBe("EXPORT_DIFFERS");
    expect(await codeOf(() => checkGraph({ ...right, sizing: GEOMETRIES[2] }))).toBe("EXPORT_DIFFERS");
  });

  it("ends when it is asked to", async () => {
    const stop = new AbortController();
    const started = checkGraph(await exported(kind, GEOMETRIES[0]), {
      signal: stop.signal,
      onSpecimen: () => stop.abort(),
    });
    expect(await thrownBy(() => started)).toMatchObject({ name: "AbortError" });
  });
});

describe.each(DECODER_KINDS)("the file of %s", (kind) => {
  const opened: ort.InferenceSession[] = [];
  afterAll(() => Promise.all(opened.map((session) => session.release())));

  async function run(label: number, theta?: Float32Array) {
    const made = await exported(kind, GEOMETRIES[0]);
    const graph = theta ? await encodeDecoderGraph({ ...made, theta, producerVersion: "1" }) : made.graph;
    const session = await ort.InferenceSession.create(graph);
    opened.push(session);
    const planes = Float32Array.from({ length: 3 * 50 * 70 }, (_, i) => (i * 37) % 256);
    const answer = await session.run({
      image: new ort.Tensor("float32", planes, [1, 3, 50, 70]),
      point_coords: new ort.Tensor("float32", [30, 20], [1, 1, 2]),
      point_labels: new ort.Tensor("float32", [label], [1, 1]),
    });
    const valuesOf = (name: string) => answer[name].data as Float32Array;
    return { session, planes, prompted: valuesOf("prompted_image"), drawn: valuesOf("visual_prompt") };
  }

  it("draws for a click on what is sought, and for nothing else", async () => {
    const click = await run(1);
    expect(largestDifference(click.prompted, click.planes)).toBeGreaterThan(5);
    expect(Math.min(...click.prompted)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...click.prompted)).toBeLessThanOrEqual(255);
    for (const label of [0, -1, 2]) {
      const { prompted, planes, drawn } = await run(label);
      expect(sameBits(prompted, planes)).toBe(true);
      expect(drawn.every((value) => value === 0)).toBe(true);
    }
  });

  it("changes no picture while it is untrained", async () => {
    const { decoder } = await paintingDecoder(kind);
    const { prompted, planes } = await run(1, decoder.initial(5));
    expect(sameBits(prompted, planes)).toBe(true);
  });

  it("has the promised inputs and outputs", async () => {
    const { session } = await run(1);
    const shapes = (list: readonly ort.InferenceSession.ValueMetadata[]) =>
      Object.fromEntries(list.map((entry) => [entry.name, entry.isTensor && [entry.type, ...entry.shape].join()]));
    expect(shapes(session.inputMetadata)).toEqual({
      image: "float32,1,3,height,width",
      point_coords: "float32,1,1,2",
      point_labels: "float32,1,1",
    });
    expect(shapes(session.outputMetadata)).toEqual({
      prompted_image: "float32,1,3,height,width",
      blackbox_image: "float32,1,3,128,128",
      blackbox_point_coords: "float32,1,1,2",
      visual_prompt: "float32,1,3,128,128",
    });
  });

  it("uses operators of ai.onnx 17 alone, and says where it comes from; the same decoder gives the same bytes", async () => {
    const { graph } = await exported(kind, GEOMETRIES[2]);
    expect(sameBits((await exported(kind, GEOMETRIES[2])).graph, graph)).toBe(true);
    const model = ModelProto.toObject(ModelProto.decode(graph), { longs: Number, defaults: true });
    expect(model.opset_import).toEqual([{ domain: "", version: 17 }]);
    expect(model).toMatchObject({ ir_version: 8, producer_name: "fedbaps", producer_version: "1.2.3" });
    for (const { domain } of model.graph.node) expect(domain).toBe("");
    const metadata = Object.fromEntries(
      model.metadata_props.map(({ key, value }: { key: string; value: string }) => [key, value]),
    );
    expect(metadata).toMatchObject({
      format: "fedbaps-decoder-graph/1",
      decoder: kind,
      study: "polyps",
      version: "12",
      blackbox: "bundled",
      blackboxIdentity: "ab".repeat(32),
      geometry: "longest-side",
      nativeWidth: "200",
      licence: expect.stringContaining("Apache-2.0"),
    });
  });
});

it("a kind without a graph is refused in a line", async () => {
  const trained = await paintingDecoder("baps");
  const provenance = { ...trained.provenance, decoder: "unet" as DecoderKind };
  const act = () => encodeDecoderGraph({ ...trained, provenance, sizing: GEOMETRIES[0], producerVersion: "1" });
  expect(await codeOf(act)).toBe("EXPORT_KIND");
});

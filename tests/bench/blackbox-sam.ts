import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OnnxGraph } from "@fedbaps/core/blackbox/onnx-session.js";
import { SamModel } from "@fedbaps/core/blackbox/sam/model.js";
import { parseSamSettings } from "@fedbaps/core/blackbox/sam/settings.js";
import { parseSpec } from "@fedbaps/core/blackbox/spec.js";
import type { TensorGraph, Tensors } from "@fedbaps/core/blackbox/tensor.js";
import type { Image } from "@fedbaps/core/image/image.js";
import { SAM_VARIANTS, type SamVariant } from "../support/sam-graphs.js";
import { median, rounded, spread } from "./statistics.js";
import type { Row } from "./table.js";

const PICTURE = { width: 512, height: 384 } as const;
const WARM_UP = 3;
const COUNTED = 15;

/** What stands around the two graphs of each family: fitting and packing pictures, choosing and resizing masks. */
export async function samRows(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "fedbaps-bench-"));
  try {
    const rows: Row[] = [];
    for (const variant of SAM_VARIANTS.filter(({ typical }) => typical)) rows.push(await samRow(variant, folder));
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A graph that knows how long it was at work. */
function timed(graph: OnnxGraph, clock: { inside: number }): TensorGraph & Pick<OnnxGraph, "source"> {
  const { name, identity, inputs, outputs, source, concurrency, notes } = graph;
  return {
    ...{ name, identity, inputs, outputs, source, concurrency, notes },
    async run(feeds: Tensors, wanted: readonly string[]): Promise<Tensors> {
      const start = performance.now();
      try {
        return await graph.run(feeds, wanted);
      } finally {
        clock.inside += performance.now() - start;
      }
    },
    close: () => graph.close(),
  };
}

async function samRow(variant: SamVariant, folder: string): Promise<Row> {
  const { places, settings } = parseSpec(await variant.write(folder));
  const clock = { inside: 0 };
  const [encoder, decoder] = await Promise.all(
    places.map(async (file) => timed(await OnnxGraph.open(file, variant.name), clock)),
  );
  const model = new SamModel({ name: variant.name, encoder, decoder }, parseSamSettings(settings));
  const around: number[] = [];
  try {
    for (let round = -WARM_UP; round < COUNTED; round++) {
      const image = pictureOf(round);
      clock.inside = 0;
      const start = performance.now();
      await model.segment([image], [{ points: [{ x: 250, y: 190, label: 1 }] }]);
      if (round >= 0) around.push(performance.now() - start - clock.inside);
    }
  } finally {
    await model.close();
  }
  const { frame, kind } = { frame: model.description.nativeSize, kind: model.description.family };
  return {
    measured: `what sam-onnx adds to its two graphs, one picture of ${PICTURE.width} x ${PICTURE.height} at a time`,
    family: kind,
    variant: variant.name,
    frame: `${frame.width} x ${frame.height}`,
    samples: around.length,
    ...spread("overheadMs", around),
    overheadMsPerMegapixelOfFrame: rounded((median(around) * 1e6) / (frame.width * frame.height)),
  };
}

/** Another picture every time, so that no embedding is known already. */
function pictureOf(round: number): Image {
  const data = Float32Array.from({ length: PICTURE.width * PICTURE.height * 3 }, (_, i) => (i * 7 + round) % 256);
  return { data, ...PICTURE, channels: 3 };
}

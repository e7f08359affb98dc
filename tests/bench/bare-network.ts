import { OnnxGraph } from "@fedbaps/core/blackbox/onnx-session.js";
import * as ort from "onnxruntime-node";

const BATCH = 8;

/** The black box's graph alone, fed with as many images as a training step asks, in the same batches. */
export interface BareNetwork {
  step(): Promise<void>;
  close(): Promise<void>;
}

/** @param file a graph of the `onnx` provider's contract. */
export async function openBareNetwork(file: string, images: number): Promise<BareNetwork> {
  const graph = await OnnxGraph.open(file, file);
  const [, , height, width] = graph.inputs.find(({ name }) => name === "image")!.shape as number[];
  await graph.close();
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const pixels = Float32Array.from({ length: BATCH * 3 * height * width }, (_, i) => i % 256);
  const feeds = {
    image: new ort.Tensor("float32", pixels, [BATCH, 3, height, width]),
    point_coords: new ort.Tensor("float32", new Float32Array(BATCH * 2).fill(width / 2), [BATCH, 1, 2]),
    point_labels: new ort.Tensor("float32", new Float32Array(BATCH).fill(1), [BATCH, 1]),
  };
  return {
    async step() {
      for (let done = 0; done < images; done += BATCH) await session.run(feeds, ["masks"]);
    },
    close: () => session.release(),
  };
}

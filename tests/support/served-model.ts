import { fileURLToPath } from "node:url";
import { OipGraph, type OipGraphInit } from "@fedbaps/core/blackbox/oip/graph.js";
import type { Tensors } from "@fedbaps/core/blackbox/tensor.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";

export const BUNDLED_FILE = fileURLToPath(new URL("../../packages/core/models/bundled-seg-128.onnx", import.meta.url));

/** Opens a model on a server as a site with an empty policy and the given settings would. */
export function openServed(url: string, init: Partial<OipGraphInit> = {}): Promise<OipGraph> {
  return OipGraph.open(url, {
    name: `oip:${url}`,
    settings: {},
    allowedHosts: [],
    env: {},
    clock: systemClock,
    random: () => 0.5,
    ...init,
  });
}

/** Waits until something that another party does has been done. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Inputs of the bundled black box for `batch` images of noise with one click each. */
export function bundledFeeds(batch: number, seed = 1): Tensors {
  const stream = new RandomStream(seed, "test-feeds");
  const uniform = (count: number, scale: number) =>
    Float32Array.from({ length: count }, () => scale * stream.uniform());
  return {
    image: { type: "float32", shape: [batch, 3, 128, 128], data: uniform(batch * 3 * 128 * 128, 255) },
    point_coords: { type: "float32", shape: [batch, 1, 2], data: uniform(batch * 2, 127) },
    point_labels: { type: "float32", shape: [batch, 1], data: new Float32Array(batch).fill(1) },
  };
}

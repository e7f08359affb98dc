import type { ModelDescription, Prompt, SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Image, ProbabilityMap } from "@fedbaps/core/image/image.js";

export interface Call {
  readonly images: readonly Image[];
  readonly prompts: readonly Prompt[];
}

/** A black box for tests: quick, and it remembers what it was asked. Probable is what is bright and near the click. */
export class FakeModel implements SegmentationModel {
  readonly calls: Call[] = [];
  closed = false;
  /** Awaited before every answer; may throw. */
  before: (call: number) => void | Promise<void> = () => {};
  readonly description: ModelDescription;

  constructor(description: Partial<ModelDescription> = {}) {
    this.description = {
      name: "fake",
      family: "promptable",
      identity: "0".repeat(64),
      nativeSize: { width: 16, height: 16 },
      geometry: "stretch",
      prompts: ["point"],
      maxBatch: 8,
      concurrency: 1,
      inputs: [],
      outputs: [],
      notes: [],
      ...description,
    };
  }

  get queries(): number {
    return this.calls.reduce((sum, { images }) => sum + images.length, 0);
  }

  async segment(images: readonly Image[], prompts: readonly Prompt[], signal?: AbortSignal): Promise<ProbabilityMap[]> {
    signal?.throwIfAborted();
    this.calls.push({ images, prompts });
    await this.before(this.calls.length);
    return images.map((image, i) => brightness(image, prompts[i]));
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function brightness(image: Image, prompt: Prompt): ProbabilityMap {
  const { width, height, channels, data } = image;
  const out = new Float32Array(width * height);
  const { x, y } = prompt.points[0];
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += data[i * channels + c];
    const far = Math.hypot((i % width) - x, Math.floor(i / width) - y) / Math.hypot(width, height);
    out[i] = Math.min(1, ((1.6 * sum) / channels / 255) * (1 - far));
  }
  return { data: out, width, height };
}

/** A clock that stands still until it is moved. */
export class FakeClock implements Clock {
  constructor(private time = 0) {}
  now(): number {
    return this.time;
  }
  advance(milliseconds: number): void {
    this.time += milliseconds;
  }
  after(): () => void {
    throw new Error("nothing should wait for this clock");
  }
}

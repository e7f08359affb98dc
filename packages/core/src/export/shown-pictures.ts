import type { SegmentationModel } from "../blackbox/model.js";
import type { Image } from "../image/image.js";

/** A black box that answers nothing of use and keeps what it is shown: for looking at what the pipeline makes. */
export function shownPictures(): { readonly model: SegmentationModel; readonly pictures: readonly Image[] } {
  const pictures: Image[] = [];
  const model: SegmentationModel = {
    description: {
      name: "shown-pictures",
      family: "promptable",
      identity: "",
      nativeSize: { width: 1, height: 1 },
      geometry: "stretch",
      prompts: ["point"],
      maxBatch: 1,
      concurrency: 1,
      inputs: [],
      outputs: [],
      notes: [],
    },
    async segment(images) {
      pictures.push(...images);
      return images.map(({ width, height }) => ({ data: new Float32Array(width * height), width, height }));
    },
    async close() {},
  };
  return { model, pictures };
}

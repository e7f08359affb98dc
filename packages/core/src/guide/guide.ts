import { fileURLToPath } from "node:url";
import type { PromptPoint } from "../blackbox/model.js";
import { OnnxGraph } from "../blackbox/onnx-session.js";
import type { Tensor } from "../blackbox/tensor.js";
import { messageOf } from "../common/errors.js";
import { DecoderError } from "../decoder/parameters.js";
import type { Image } from "../image/image.js";

/** Side of the square pictures that the guide looks at. */
export const GUIDE_SIZE = 128;
/** Side of the grid on which it describes them. */
export const GUIDE_GRID = 64;
/** Features of one place: see `infra/bundled-model/guide.py`. */
export const GUIDE_FEATURES = 102;
export const GUIDE_MODEL_FILE = fileURLToPath(new URL("../../models/guide-128.onnx", import.meta.url));

const BATCH = 8;
const PLACES = GUIDE_GRID * GUIDE_GRID;
/** Features are standardised over drawn scenes; further out than this they say nothing more. */
export const FARTHEST = 6;

export interface GuideRequest {
  /** GUIDE_SIZE x GUIDE_SIZE RGB in 0..255. */
  readonly image: Image;
  /** The click, in pixels of the image. */
  readonly point: Pick<PromptPoint, "x" | "y">;
}

/** What the guide sees of one picture with one click; rows from the top. */
export interface GuideView {
  /** GUIDE_GRID x GUIDE_GRID logits of its own answer. */
  readonly logits: Float32Array;
  /** GUIDE_GRID x GUIDE_GRID x GUIDE_FEATURES values of about unit spread. */
  readonly features: Float32Array;
}

/**
 * A small frozen segmenter of ours, trained on drawn scenes. It describes a picture to the head that a site trains on its
 * labels, and costs no query: it is never a black box that is adapted (its weights are not the bundled black box's).
 */
export class Guide {
  private constructor(private readonly graph: OnnxGraph) {}

  /** @throws DecoderError DECODER_BACKEND when its file cannot be loaded. */
  static async open(file = GUIDE_MODEL_FILE): Promise<Guide> {
    try {
      return new Guide(await OnnxGraph.open(file, "guide"));
    } catch (error) {
      const message = `cannot load the guide network ${file}: ${messageOf(error)}; install the package anew`;
      throw new DecoderError("DECODER_BACKEND", message, { file }, { cause: error });
    }
  }

  /** @returns one view per request; the answer to a request does not depend on the others. */
  async look(requests: readonly GuideRequest[]): Promise<GuideView[]> {
    const views: GuideView[] = [];
    for (let start = 0; start < requests.length; start += BATCH)
      views.push(...(await this.#lookAt(requests.slice(start, start + BATCH))));
    return views;
  }

  async #lookAt(requests: readonly GuideRequest[]): Promise<GuideView[]> {
    const count = requests.length;
    const plane = GUIDE_SIZE * GUIDE_SIZE;
    const image = new Float32Array(count * 3 * plane);
    const points = new Float32Array(2 * count);
    for (const [r, { image: picture, point }] of requests.entries()) {
      for (let i = 0; i < plane; i++)
        for (let c = 0; c < 3; c++) image[(3 * r + c) * plane + i] = picture.data[3 * i + c];
      points[2 * r] = point.x;
      points[2 * r + 1] = point.y;
    }
    const float = (data: Float32Array, ...shape: number[]): Tensor => ({ type: "float32", data, shape });
    const { logits, features } = await this.graph.run(
      {
        image: float(image, count, 3, GUIDE_SIZE, GUIDE_SIZE),
        point_coords: float(points, count, 1, 2),
        point_labels: float(new Float32Array(count).fill(1), count, 1),
      },
      ["logits", "features"],
    );
    const all = features.data as Float32Array;
    for (let i = 0; i < all.length; i++) all[i] = Math.max(-FARTHEST, Math.min(FARTHEST, all[i]));
    return requests.map((_, r) => ({
      logits: (logits.data as Float32Array).slice(r * PLACES, (r + 1) * PLACES),
      features: all.slice(r * PLACES * GUIDE_FEATURES, (r + 1) * PLACES * GUIDE_FEATURES),
    }));
  }
}

let opened: Promise<Guide> | undefined;

/** The process's one guide: it is loaded once; an attempt that failed is not kept. @throws DecoderError DECODER_BACKEND */
export function sharedGuide(): Promise<Guide> {
  opened ??= Guide.open().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

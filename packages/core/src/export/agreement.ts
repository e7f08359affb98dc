import type { PromptPoint } from "../blackbox/model.js";
import { ort } from "../blackbox/onnx-runtime.js";
import { DECODER_SIZE, type IpDecoder } from "../decoder/ip-decoder.js";
import type { Image, Mask } from "../image/image.js";
import { scalePoint } from "../image/place.js";
import { resizeImage } from "../image/resize.js";
import { type Case, caseSize, type Sizing } from "../training/cases.js";
import { drawPrompts, segmentPrompted } from "../training/prompted-model.js";
import { shownPictures } from "./shown-pictures.js";

/** Largest difference that an exported graph may have from the pipeline, as a share of the range 0..255. */
export const TOLERANCE = 1e-4;

/** A picture (RGB, as read) and a click in its pixels, on which a graph is compared with the pipeline. */
export interface Specimen {
  readonly image: Image;
  readonly point: PromptPoint;
}

/** How far the graph's outputs are from the pipeline's on one specimen. */
export interface Agreement {
  readonly width: number;
  readonly height: number;
  readonly promptedWidth: number;
  readonly promptedHeight: number;
  /** Largest difference over all pixels and channels, as a share of the range 0..255; infinite where sizes differ. */
  readonly promptedImage: number;
  readonly visualPrompt: number;
  /** Pixels of the prompted image. */
  readonly click: number;
  /** Largest grey level of the visual prompt, without its sign: nought says that nothing was compared. */
  readonly strongest: number;
}

export interface ExportedGraphInit {
  /** The ONNX file. */
  readonly graph: Uint8Array;
  readonly decoder: IpDecoder;
  readonly theta: Float32Array;
  readonly sizing: Sizing;
}

/** An exported graph opened beside the pipeline that it stands for. */
export class ExportedGraph {
  private constructor(
    private readonly init: ExportedGraphInit,
    private readonly session: ort.InferenceSession,
  ) {}

  /** @throws what ONNX Runtime throws for a graph that it cannot load */
  static async open(init: ExportedGraphInit): Promise<ExportedGraph> {
    const session = await ort.InferenceSession.create(init.graph, { intraOpNumThreads: 1 });
    return new ExportedGraph(init, session);
  }

  close(): Promise<void> {
    return this.session.release();
  }

  /** Runs both on one specimen. */
  async compare({ image, point }: Specimen): Promise<Agreement> {
    const own = await this.#own({ image, point });
    const answer = await this.session.run({
      image: new ort.Tensor("float32", planar(image), [1, 3, image.height, image.width]),
      point_coords: new ort.Tensor("float32", Float32Array.of(point.x, point.y), [1, 1, 2]),
    });
    const { prompted_image, prompted_point_coords, visual_prompt } = answer;
    const [x, y] = prompted_point_coords.data as Float32Array;
    const { width, height } = own.shown;
    const sameSize = prompted_image.dims.join() === [1, 3, height, width].join();
    return {
      width: image.width,
      height: image.height,
      promptedWidth: width,
      promptedHeight: height,
      promptedImage: sameSize ? apart(own.shown, prompted_image.data as Float32Array) / 255 : Number.POSITIVE_INFINITY,
      visualPrompt: apart(own.prompt, visual_prompt.data as Float32Array) / 255,
      click: Math.max(Math.abs(x - own.point.x), Math.abs(y - own.point.y)),
      strongest: own.prompt.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    };
  }

  /** What the pipeline draws and shows to the black box. */
  async #own({ image, point }: Specimen): Promise<{ shown: Image; prompt: Image; point: PromptPoint }> {
    const { decoder, theta, sizing } = this.init;
    const size = caseSize(sizing, image);
    const mask: Mask = { data: new Uint8Array(0), width: 0, height: 0 };
    const prepared = decoder.prepare(resizeImage(image, DECODER_SIZE, DECODER_SIZE));
    const subject: Case = { id: 1, image: resizeImage(image, size.width, size.height), mask, fullMask: mask, prepared };
    try {
      const query = { subject, point: scalePoint(point, image, size), theta };
      const watched = shownPictures();
      await segmentPrompted(watched.model, decoder, [query]);
      // On a case of the decoder's own size nothing is resized after the drawing.
      const square = { ...subject, image: { ...image, width: DECODER_SIZE, height: DECODER_SIZE } };
      const place = scalePoint(query.point, size, square.image);
      const [prompt] = drawPrompts(decoder, [{ subject: square, point: place, theta }]);
      if (!prompt) throw new Error("a query with parameters draws a prompt");
      return { shown: watched.pictures[0], prompt, point: query.point };
    } finally {
      prepared.dispose();
    }
  }
}

/** Whether an agreement is within TOLERANCE, and the click within a hundredth of a pixel. */
export function agrees({ promptedImage, visualPrompt, click }: Agreement): boolean {
  return promptedImage <= TOLERANCE && visualPrompt <= TOLERANCE && click <= 0.01;
}

/** The three planes one after another. */
function planar({ data, width, height }: Image): Float32Array {
  const count = width * height;
  const out = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) out[c * count + i] = data[3 * i + c];
  return out;
}

/** Largest difference between a picture and planes of the same size. */
function apart(image: Image, planes: Float32Array): number {
  const own = planar(image);
  if (own.length !== planes.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < own.length; i++) {
    const difference = Math.abs(own[i] - planes[i]);
    if (!(difference <= most)) most = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return most;
}

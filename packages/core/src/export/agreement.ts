import { ort } from "../blackbox/onnx-runtime.js";
import type { Image } from "../image/image.js";
import { type OwnOutput, ownOutput, type Pipeline } from "./own-output.js";
import type { Specimen } from "./specimens.js";

/**
 * Largest difference that a graph's output may have from the pipeline's: a hundredth of a grey level on the range 0..255,
 * 4e-5 of it. Where a visual prompt is stronger than 255 grey levels, its strongest value counts as the range: float32
 * carries no more. Measured differences are a hundred times smaller.
 */
export const TOLERANCE = 0.01 / 255;
/** Pixels by which the click may be off: float32 on sides of up to 32768. */
const CLICK_TOLERANCE = 0.01;

/** How far the graph's outputs are from the pipeline's on one specimen; infinite where sizes differ or a value is no number. */
export interface Agreement {
  readonly width: number;
  readonly height: number;
  /** Of `blackbox_image`. */
  readonly shownWidth: number;
  readonly shownHeight: number;
  /** Largest differences over all pixels and channels, in grey levels of 0..255. */
  readonly promptedImage: number;
  readonly blackboxImage: number;
  readonly visualPrompt: number;
  /** Pixels of `blackbox_image`. */
  readonly click: number;
  /** Largest grey level of the visual prompt, without its sign: nought says that nothing was drawn. */
  readonly strongest: number;
}

export interface ExportedGraphInit extends Pipeline {
  /** The ONNX file. */
  readonly graph: Uint8Array;
}

/** An exported graph opened beside the pipeline that it stands for. */
export class ExportedGraph {
  private constructor(
    private readonly pipeline: Pipeline,
    private readonly session: ort.InferenceSession,
  ) {}

  /** @throws what ONNX Runtime throws for a graph that it cannot load */
  static async open({ graph, ...pipeline }: ExportedGraphInit): Promise<ExportedGraph> {
    return new ExportedGraph(pipeline, await ort.InferenceSession.create(graph, { intraOpNumThreads: 1 }));
  }

  close(): Promise<void> {
    return this.session.release();
  }

  /** Runs both on one specimen, whose click is on what is sought. */
  async compare(specimen: Specimen): Promise<Agreement> {
    const own = await ownOutput(this.pipeline, specimen);
    return difference(specimen.image, own, await this.#answer(specimen));
  }

  #answer({ image, point }: Specimen) {
    return this.session.run({
      image: new ort.Tensor("float32", planar(image), [1, 3, image.height, image.width]),
      point_coords: new ort.Tensor("float32", Float32Array.of(point.x, point.y), [1, 1, 2]),
      point_labels: new ort.Tensor("float32", Float32Array.of(point.label), [1, 1]),
    });
  }
}

/** Whether a graph did what the pipeline does, within TOLERANCE. */
export function agrees({ promptedImage, blackboxImage, visualPrompt, click, strongest }: Agreement): boolean {
  const allowed = TOLERANCE * Math.max(255, strongest);
  return Math.max(promptedImage, blackboxImage, visualPrompt) <= allowed && click <= CLICK_TOLERANCE;
}

function difference(
  { width, height }: Image,
  own: OwnOutput,
  answer: ort.InferenceSession.OnnxValueMapType,
): Agreement {
  const [x, y] = answer.blackbox_point_coords.data as Float32Array;
  return {
    width,
    height,
    shownWidth: own.shown.width,
    shownHeight: own.shown.height,
    promptedImage: apart(own.prompted, answer.prompted_image),
    blackboxImage: apart(own.shown, answer.blackbox_image),
    visualPrompt: apart(own.drawn, answer.visual_prompt),
    click: Math.max(Math.abs(x - own.click.x), Math.abs(y - own.click.y)),
    strongest: own.drawn.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  };
}

/** The three planes one after another. */
function planar({ data, width, height }: Image): Float32Array {
  const count = width * height;
  const out = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) for (let c = 0; c < 3; c++) out[c * count + i] = data[3 * i + c];
  return out;
}

/** Largest difference between a picture and a tensor [1, 3, height, width]. */
function apart(image: Image, { dims, data }: ort.OnnxValue & { readonly data: unknown }): number {
  if (dims.join() !== [1, 3, image.height, image.width].join()) return Number.POSITIVE_INFINITY;
  const own = planar(image);
  const other = data as Float32Array;
  let most = 0;
  for (let i = 0; i < own.length; i++) {
    const gap = Math.abs(own[i] - other[i]);
    if (!(gap <= most)) most = Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap;
  }
  return most;
}

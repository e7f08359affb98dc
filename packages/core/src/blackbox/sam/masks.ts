import type { Image } from "../../image/image.js";
import { resizeByWay } from "../../image/resize.js";
import { BlackBoxError } from "../model.js";
import { probabilitiesOf } from "../probabilities.js";
import type { Tensor, Tensors } from "../tensor.js";
import { floatsOf } from "../tensor-data.js";
import type { SamDecoder } from "./decoder.js";
import { maskWay, type Placement } from "./geometry.js";

/** Planes of logits, one for each mask that the network offers. */
interface Planes {
  readonly values: Float32Array;
  readonly count: number;
  readonly width: number;
  readonly height: number;
}

function planesOf(name: string, tensor: Tensor): Planes {
  const [width, height] = [tensor.shape.at(-1) ?? 0, tensor.shape.at(-2) ?? 0];
  const values = floatsOf(name, tensor);
  const count = width * height > 0 && tensor.shape.length > 2 ? values.length / (width * height) : 0;
  if (!Number.isInteger(count) || count < 1)
    throw new BlackBoxError("BLACKBOX_CONTRACT", `${name} came as [${tensor.shape.join(",")}]: no masks in it`);
  return { values, count, width, height };
}

/**
 * Which of the offered masks is taken. One: that. Four, as the Segment Anything decoder gives them: the first where the
 * prompt has more than one position beside the box or the padding, else the best of the others (its `select_masks`, with
 * `tokens` as it counts them). Else the best by the network's own score; the first where it gives none.
 */
export function chosenMask(count: number, scores: ArrayLike<number> | undefined, tokens: number): number {
  if (!scores || scores.length < count) return 0;
  const weight = (index: number) => scores[index] + (count === 4 && index === 0 ? (tokens - 2.5) * 1000 : 0);
  let best = 0;
  for (let index = 1; index < count; index++) if (weight(index) > weight(best)) best = index;
  return best;
}

function isConstant(values: Float32Array): boolean {
  return values.every((value) => value === values[0]);
}

/** Reads a decoder's answers; knows after the first, or the first that says something, which of its outputs to go by. */
export class MaskReader {
  #output: string | undefined;

  constructor(
    private readonly decoder: SamDecoder,
    private readonly options: { readonly masks?: "low-res" | "image"; readonly medsam?: boolean },
  ) {}

  /** Outputs to ask for. */
  get wanted(): readonly string[] {
    const { maskOutputs, scoresOutput } = this.decoder;
    return [...(this.#output === undefined ? maskOutputs : [this.#output]), ...(scoresOutput ? [scoresOutput] : [])];
  }

  /** Probabilities of the chosen mask at the image's own size. @throws BlackBoxError BLACKBOX_CONTRACT */
  read(answer: Tensors, tokens: number, image: Image, placement: Placement): Float32Array {
    const { maskOutputs, scoresOutput } = this.decoder;
    const name = this.#output ?? this.#choose(answer, image, placement);
    const planes = planesOf(name, answer[name]);
    const scores = scoresOutput ? floatsOf(scoresOutput, answer[scoresOutput]) : undefined;
    const index = this.options.medsam ? 0 : chosenMask(planes.count, scores, tokens);
    const { width, height } = planes;
    const data = planes.values.subarray(index * width * height, (index + 1) * width * height);
    const whole = maskOutputs.length === 2 && name === maskOutputs[0];
    if (!whole && width === image.width && height === image.height) return probabilitiesOf(data);
    const resized = (values: Float32Array) =>
      resizeByWay({ data: values, width, height }, { ...maskWay(placement, { width, height }), out: image });
    // Segment Anything resizes logits, MedSAM's own program probabilities.
    return this.options.medsam ? resized(probabilitiesOf(data)) : probabilitiesOf(resized(data));
  }

  /**
   * With two outputs, the one of the whole frame, whose place in the picture we know; the graph's own masks at the image's
   * size are deformed in exports of segment_anything 1.0. Where the former says nothing at all it is not meant to be used.
   */
  #choose(answer: Tensors, image: Image, { geometry }: Placement): string {
    const [first, second] = this.decoder.maskOutputs;
    const settled = (name: string) => {
      this.#output = name;
      return name;
    };
    if (second === undefined) return settled(first);
    if (this.options.masks) return settled(this.options.masks === "image" ? second : first);
    if (!isConstant(planesOf(first, answer[first]).values)) return settled(first);
    const other = planesOf(second, answer[second]);
    const cut = geometry === "longest-side" && geometry === this.decoder.geometry;
    if (cut && (other.width !== image.width || other.height !== image.height)) return first;
    // Of this picture both may have nothing to say; the next will tell.
    return isConstant(other.values) ? second : settled(second);
  }
}

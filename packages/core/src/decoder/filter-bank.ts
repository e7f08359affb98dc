import type { Image } from "../image/image.js";
import { clickColours, IMAGE_BASIS, imageBasis, PROMPT_BASIS, promptBasis } from "./basis-images.js";
import { filterBankLayout } from "./filter-bank-layout.js";
import { DECODER_SIZE, type DrawRequest, type IpDecoder, type PreparedImage } from "./ip-decoder.js";
import { tf } from "./tensor-backend.js";

/** Grey levels that a coefficient of one adds where its basis image is one. */
export const AMPLITUDE = 16;
const PIXELS = DECODER_SIZE * DECODER_SIZE;

class PreparedBasis implements PreparedImage {
  readonly bytes: number;
  constructor(
    readonly basis: tf.Tensor2D,
    readonly smooth: readonly Float32Array[],
    readonly means: readonly number[],
  ) {
    this.bytes = basis.size * 4 + smooth.reduce((sum, plane) => sum + plane.byteLength, 0);
  }
  dispose(): void {
    this.basis.dispose();
  }
}

/**
 * `v` is a learned linear combination of fixed basis images: colour, local contrast at several scales, distance to the
 * click, likeness to the click's colour. So few parameters that zeroth-order estimates are far less noisy than with a
 * convolutional decoder; the price is a lower ceiling. Our own design, not the paper's.
 */
export class FilterBankDecoder implements IpDecoder {
  readonly kind = "filter-bank";
  readonly layout = filterBankLayout;
  /** Written anew by every draw, and read by the product before it ends. */
  readonly #scratch = new Float32Array(PIXELS * PROMPT_BASIS.length);

  initial(): Float32Array {
    return new Float32Array(this.layout.length);
  }

  prepare(image: Image): PreparedImage {
    const { basis, smooth, means } = imageBasis(image);
    return new PreparedBasis(tf.tensor2d(basis, [image.width * image.height, IMAGE_BASIS.length]), smooth, means);
  }

  async draw(requests: readonly DrawRequest[]): Promise<Float32Array[]> {
    // Requests for the same image and click differ in theta only: one product serves them all.
    const out = new Array<Float32Array>(requests.length);
    const pending = requests.map((request, index) => ({ request, index }));
    while (pending.length > 0) {
      const { image, point } = pending[0].request;
      const same = ({ request }: (typeof pending)[number]) =>
        request.image === image && request.point.x === point.x && request.point.y === point.y;
      const group = pending.filter(same);
      const drawn = this.#drawGroup(
        image as PreparedBasis,
        point,
        group.map(({ request }) => request.theta),
      );
      for (const [g, { index }] of group.entries()) out[index] = drawn[g];
      for (const member of group) pending.splice(pending.indexOf(member), 1);
    }
    return out;
  }

  #drawGroup(image: PreparedBasis, point: DrawRequest["point"], thetas: readonly Float32Array[]): Float32Array[] {
    const { smooth, means, basis } = image;
    const prompt = promptBasis(smooth, means, DECODER_SIZE, DECODER_SIZE, point, this.#scratch);
    const colours = clickColours(smooth, means, DECODER_SIZE, DECODER_SIZE, point);
    const flat = tf.tidy(() => {
      const fromImage = tf.matMul(basis, matrix(thetas.map((theta) => this.#imageCoefficients(theta, colours))));
      const fromPrompt = matrix(thetas.map((theta) => this.layout.view(theta, "prompt.coefficients")));
      return tf.add(fromImage, tf.matMul(tf.tensor2d(prompt, [PIXELS, PROMPT_BASIS.length]), fromPrompt));
    });
    const values = flat.dataSync() as Float32Array;
    flat.dispose();
    return thetas.length === 1 ? [values] : thetas.map((_, t) => columnsOf(values, t, thetas.length));
  }

  /** The image's coefficients, with what the click's colour adds to those of the constant (its first row). */
  #imageCoefficients(theta: Float32Array, colours: readonly number[]): Float32Array {
    const coefficients = this.layout.view(theta, "image.coefficients").slice();
    const own = this.layout.view(theta, "click.coefficients");
    for (const [k, colour] of colours.entries()) for (let c = 0; c < 3; c++) coefficients[c] += colour * own[3 * k + c];
    return coefficients;
  }
}

/** Coefficients (rows x 3) of several thetas side by side, times the amplitude: rows x (3 x thetas). */
function matrix(coefficients: readonly Float32Array[]): tf.Tensor2D {
  const rows = coefficients[0].length / 3;
  const stride = 3 * coefficients.length;
  const out = new Float32Array(rows * stride);
  for (const [t, values] of coefficients.entries())
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < 3; c++) out[r * stride + 3 * t + c] = AMPLITUDE * values[3 * r + c];
  return tf.tensor2d(out, [rows, stride]);
}

/** The three columns of theta number `t` out of pixels x (3 x count). */
function columnsOf(values: Float32Array, t: number, count: number): Float32Array {
  const v = new Float32Array(PIXELS * 3);
  const stride = 3 * count;
  for (let from = 3 * t, to = 0; to < v.length; from += stride, to += 3) {
    v[to] = values[from];
    v[to + 1] = values[from + 1];
    v[to + 2] = values[from + 2];
  }
  return v;
}

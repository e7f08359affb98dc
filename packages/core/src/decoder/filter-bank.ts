import type { Image } from "../image/image.js";
import { IMAGE_BASIS, imageBasis, PROMPT_BASIS, promptBasis } from "./basis-images.js";
import { DECODER_SIZE, type DrawRequest, type IpDecoder, type PreparedImage } from "./ip-decoder.js";
import { filterBankLayout } from "./filter-bank-layout.js";
import type { ParameterLayout } from "./parameters.js";
import { tf } from "./tensor-backend.js";

/** Grey levels that a coefficient of one adds where its basis image is one. */
const AMPLITUDE = 16;

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

  initial(): Float32Array {
    return new Float32Array(this.layout.length);
  }

  prepare(image: Image): PreparedImage {
    const { basis, smooth, means } = imageBasis(image);
    return new PreparedBasis(tf.tensor2d(basis, [image.width * image.height, IMAGE_BASIS.length]), smooth, means);
  }

  draw(requests: readonly DrawRequest[]): Float32Array[] {
    // Requests for the same image and click differ in theta only: one product serves them all.
    const out = new Array<Float32Array>(requests.length);
    const pending = requests.map((request, index) => ({ request, index }));
    while (pending.length > 0) {
      const { image, point } = pending[0].request;
      const same = ({ request }: (typeof pending)[number]) =>
        request.image === image && request.point.x === point.x && request.point.y === point.y;
      const group = pending.filter(same);
      const drawn = this.#drawGroup(image as PreparedBasis, point, group.map(({ request }) => request.theta));
      for (const [g, { index }] of group.entries()) out[index] = drawn[g];
      for (const member of group) pending.splice(pending.indexOf(member), 1);
    }
    return out;
  }

  #drawGroup(image: PreparedBasis, point: DrawRequest["point"], thetas: readonly Float32Array[]): Float32Array[] {
    const pixels = DECODER_SIZE * DECODER_SIZE;
    const prompt = promptBasis(image.smooth, image.means, DECODER_SIZE, DECODER_SIZE, point);
    const flat = tf.tidy(() => {
      const side = (name: string, rows: number) => tf.tensor2d(sideBySide(thetas, this.layout, name, rows), [rows, 3 * thetas.length]);
      const fromImage = tf.matMul(image.basis, side("image.coefficients", IMAGE_BASIS.length));
      const basis = tf.tensor2d(prompt, [pixels, PROMPT_BASIS.length]);
      return tf.add(fromImage, tf.matMul(basis, side("prompt.coefficients", PROMPT_BASIS.length)));
    });
    const values = flat.dataSync() as Float32Array;
    flat.dispose();
    if (thetas.length === 1) return [values];
    return thetas.map((_, t) => {
      const v = new Float32Array(pixels * 3);
      const stride = 3 * thetas.length;
      for (let i = 0, from = 3 * t, to = 0; i < pixels; i++, from += stride, to += 3) {
        v[to] = values[from];
        v[to + 1] = values[from + 1];
        v[to + 2] = values[from + 2];
      }
      return v;
    });
  }
}

/** The named coefficients of all thetas, times the amplitude, as one matrix of rows x (3 x thetas). */
function sideBySide(thetas: readonly Float32Array[], layout: ParameterLayout, name: string, rows: number): Float32Array {
  const stride = 3 * thetas.length;
  const out = new Float32Array(rows * stride);
  for (const [t, theta] of thetas.entries()) {
    const coefficients = layout.view(theta, name);
    for (let r = 0; r < rows; r++) for (let c = 0; c < 3; c++) out[r * stride + 3 * t + c] = AMPLITUDE * coefficients[3 * r + c];
  }
  return out;
}

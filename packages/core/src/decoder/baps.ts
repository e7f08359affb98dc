import type { Image } from "../image/image.js";
import { encodeClick, encodeImage } from "./baps-encoder.js";
import {
  bapsLayout,
  ENCODER_CHANNELS,
  FREQUENCIES,
  GRID,
  initialBaps,
  PROMPT_CHANNELS,
  WIDTHS,
} from "./baps-layout.js";
import { DECODER_SIZE, type DrawRequest, type IpDecoder, type PreparedImage } from "./ip-decoder.js";
import { tf } from "./tensor-backend.js";

/** Grey levels per unit of the last layer's output. */
export const AMPLITUDE = 32;
export const EPSILON = 1e-6;

class Embedding implements PreparedImage {
  readonly bytes: number;
  constructor(readonly features: Float32Array) {
    this.bytes = features.byteLength;
  }
  dispose(): void {}
}

/**
 * The paper's IP decoder (BAPS, section 2; `Concat_Decoder` of its code): frozen image embedding, the click's random
 * Fourier features through linear + LayerNorm + GELU, both concatenated on a grid, then transposed convolutions
 * (kernel 2, stride 2) with LayerNorm and GELU up to the image's size. The transposed convolutions are matMul +
 * depth to space, the only form whose weight gradients the wasm backend has. GELU in its sigmoid form.
 */
export class BapsDecoder implements IpDecoder {
  readonly kind = "baps";
  readonly layout = bapsLayout;

  initial(seed: number): Float32Array {
    return initialBaps(seed);
  }

  prepare(image: Image): PreparedImage {
    return new Embedding(encodeImage(image));
  }

  async draw(requests: readonly DrawRequest[]): Promise<Float32Array[]> {
    const out = new Array<Float32Array>(requests.length);
    for (const theta of new Set(requests.map((request) => request.theta))) {
      const indices = requests.flatMap((request, i) => (request.theta === theta ? [i] : []));
      const values = this.#forward(
        theta,
        indices.map((i) => requests[i]),
      );
      const size = values.length / indices.length;
      for (const [b, i] of indices.entries()) out[i] = values.slice(b * size, (b + 1) * size);
    }
    return out;
  }

  #forward(theta: Float32Array, requests: readonly DrawRequest[]): Float32Array {
    const batch = requests.length;
    const features = new Float32Array(batch * GRID * GRID * ENCODER_CHANNELS);
    const clicks = new Float32Array(batch * 2 * FREQUENCIES);
    for (const [b, request] of requests.entries()) {
      features.set((request.image as Embedding).features, (b * features.length) / batch);
      clicks.set(encodeClick(request.point, DECODER_SIZE), b * 2 * FREQUENCIES);
    }
    const weight = (name: string) => {
      const { shape } = this.layout.entry(name);
      return tf.tensor(this.layout.view(theta, name), [...shape]);
    };
    const result = tf.tidy(() => {
      const prompt = tf.add(
        tf.matMul(tf.tensor2d(clicks, [batch, 2 * FREQUENCIES]), weight("prompt.weight") as tf.Tensor2D),
        weight("prompt.bias"),
      );
      const converted = gelu(normalise(prompt, weight("prompt.norm.gain"), weight("prompt.norm.bias")));
      let x = tf.concat(
        [
          tf.tensor4d(features, [batch, GRID, GRID, ENCODER_CHANNELS]),
          tf.reshape(converted, [batch, GRID, GRID, PROMPT_CHANNELS]),
        ],
        3,
      ) as tf.Tensor4D;
      for (const [i, width] of WIDTHS.entries()) {
        const [, height, breadth, channels] = x.shape;
        const columns = tf.matMul(
          tf.reshape(x, [batch * height * breadth, channels]) as tf.Tensor2D,
          weight(`up${i}.weight`) as tf.Tensor2D,
        );
        x = tf.add(doubled(columns, batch, height, breadth, width), weight(`up${i}.bias`)) as tf.Tensor4D;
        if (i < WIDTHS.length - 1)
          x = gelu(normalise(x, weight(`up${i}.norm.gain`), weight(`up${i}.norm.bias`))) as tf.Tensor4D;
      }
      return tf.mul(x, AMPLITUDE);
    });
    const values = result.dataSync() as Float32Array;
    result.dispose();
    return values;
  }
}

/**
 * Depth to space by two: [batch x height x breadth, 2 x 2 x channels] to [batch, 2 height, 2 breadth, channels]. Written
 * as a transposition, which the wasm backend does ten times faster than its own depthToSpace.
 */
function doubled(columns: tf.Tensor, batch: number, height: number, breadth: number, channels: number): tf.Tensor {
  const cells = tf.reshape(columns, [batch * height, breadth, 2, 2, channels]);
  return tf.reshape(tf.transpose(cells, [0, 2, 1, 3, 4]), [batch, 2 * height, 2 * breadth, channels]);
}

/** LayerNorm over the last axis. */
function normalise(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, EPSILON))), gain), bias);
}

function gelu(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.sigmoid(tf.mul(x, 1.702)));
}

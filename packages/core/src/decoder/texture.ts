import { GUIDE_GRID, type Guide, type GuideView } from "../guide/guide.js";
import type { Image } from "../image/image.js";
import { resizeImage } from "../image/resize.js";
import { beliefOf, sigmoid } from "./belief-head.js";
import { DECODER_SIZE, type DrawRequest, type IpDecoder, type PreparedImage } from "./ip-decoder.js";
import { PreparedPicture, type Room } from "./prepared-picture.js";
import { initialTexture, TILE, textureLayout } from "./texture-layout.js";

/** Factor on the belief's logit before painting: edges become as sharp as those of the masks that textures learn from. */
export const SHARPNESS = 4;
/** A belief is kept so far from 0 and 1 that its logit is finite. */
export const CERTAIN = 1e-5;
const MIDDLE_GREY = 127.5;
/** For views of the guide, which are the same for every version of a decoder: 79 of them. */
const KEPT_BYTES = 2 ** 27;

/**
 * Replaces the picture by one small tiled texture where the decoder believes that the object is, and by another where it
 * believes it is not. A black box goes by texture: it reads the belief back off the picture. The belief is learned from
 * the site's labels without a query; the two textures, 24 numbers, are found from the black box's answers alone.
 * Our own design; measured in `docs/adaptation.md`.
 *
 * With belief b: v = m (T - x), T = 127.5 (1 + b tanh(inside) + (1 - b) tanh(outside)), m = b amount_0 + (1 - b) amount_1.
 */
export class TextureDecoder implements IpDecoder {
  readonly kind = "texture";
  readonly layout = textureLayout;

  readonly #room: Room;

  constructor(
    private readonly guide: Guide,
    keptBytes = KEPT_BYTES,
  ) {
    this.#room = { bytes: keptBytes };
  }

  initial(seed: number): Float32Array {
    return initialTexture(seed);
  }

  prepare(image: Image): PreparedImage {
    return new PreparedPicture(image, this.#room);
  }

  async draw(requests: readonly DrawRequest[]): Promise<Float32Array[]> {
    const views = await this.#views(requests.filter(({ belief }) => !belief));
    return requests.map((request) => {
      const view = views.get(request);
      const belief = request.belief ?? sharpened(enlarged(beliefOf(request.theta, view as GuideView)));
      return paint(request.theta, pictureOf(request.image).image.data, belief);
    });
  }

  async #views(requests: readonly DrawRequest[]): Promise<Map<DrawRequest, GuideView>> {
    const views = new Map<DrawRequest, GuideView>();
    const unseen: DrawRequest[] = [];
    for (const request of requests) {
      const view = pictureOf(request.image).viewOf(request.point);
      if (view) views.set(request, view);
      else unseen.push(request);
    }
    const seen = await this.guide.look(unseen.map(({ image, point }) => ({ image: pictureOf(image).image, point })));
    for (const [i, request] of unseen.entries()) {
      views.set(request, seen[i]);
      pictureOf(request.image).keep(request.point, seen[i]);
    }
    return views;
  }
}

function pictureOf(image: PreparedImage): PreparedPicture {
  return image as PreparedPicture;
}

function enlarged(belief: Float32Array): Float32Array {
  const small: Image = { data: belief, width: GUIDE_GRID, height: GUIDE_GRID, channels: 1 };
  return resizeImage(small, DECODER_SIZE, DECODER_SIZE).data as Float32Array;
}

function sharpened(belief: Float32Array): Float32Array {
  return belief.map((value) => {
    const p = Math.min(1 - CERTAIN, Math.max(CERTAIN, value));
    return sigmoid(SHARPNESS * Math.log(p / (1 - p)));
  });
}

/** @param picture interleaved RGB. @param belief one value in [0, 1] per pixel. @returns the grey levels to add. */
function paint(theta: Float32Array, picture: ArrayLike<number>, belief: Float32Array): Float32Array {
  const [amountInside, amountOutside] = textureLayout.view(theta, "amount").map((a) => Math.min(1, Math.max(0, a)));
  const inside = tileOf(textureLayout.view(theta, "texture.inside"));
  const outside = tileOf(textureLayout.view(theta, "texture.outside"));
  const out = new Float32Array(3 * belief.length);
  if (amountInside === 0 && amountOutside === 0) return out;
  // The channels are written out: this loop is most of what a training step takes beside the black box.
  for (let y = 0, i = 0, j = 0; y < DECODER_SIZE; y++)
    for (let x = 0; x < DECODER_SIZE; x++, i++, j += 3) {
      const b = belief[i];
      const not = 1 - b;
      const amount = b * amountInside + not * amountOutside;
      const at = 3 * ((y % TILE) * TILE + (x % TILE));
      out[j] = amount * (MIDDLE_GREY * (1 + b * inside[at] + not * outside[at]) - picture[j]);
      out[j + 1] = amount * (MIDDLE_GREY * (1 + b * inside[at + 1] + not * outside[at + 1]) - picture[j + 1]);
      out[j + 2] = amount * (MIDDLE_GREY * (1 + b * inside[at + 2] + not * outside[at + 2]) - picture[j + 2]);
    }
  return out;
}

/** One tile between -1 and 1, interleaved RGB like a picture. */
function tileOf(values: Float32Array): Float64Array {
  const tile = TILE * TILE;
  return Float64Array.from(values, (_, k) => Math.tanh(values[(k % 3) * tile + Math.floor(k / 3)]));
}

import { drawClick } from "../data/clicks.js";
import type { Sample } from "../data/dataset.js";
import { DECODER_SIZE } from "../decoder/ip-decoder.js";
import { GUIDE_FEATURES, GUIDE_GRID, type Guide, type GuideRequest } from "../guide/guide.js";
import type { Image, Mask } from "../image/image.js";
import { resizeImage, resizeMap } from "../image/resize.js";
import { RandomStream } from "../math/rng.js";

/** Views of the training images in all: more teach the head little, and each costs a run of the guide. */
const VIEWS = 400;
/** At most so many of one image: other clicks, mirrored pictures. */
const VIEWS_OF_ONE = 6;
/** Places that are kept of a view. */
export const PLACES = 128;
/** Views that are prepared at a time. */
const BLOCK = 8;

/** What the belief head learns from: places of views of the training images. */
export interface HeadSamples {
  readonly views: number;
  /** Views of one image: they follow each other. */
  readonly viewsOfOne: number;
  /** views x PLACES logits of the guide. */
  readonly logits: Float32Array;
  /** views x PLACES x GUIDE_FEATURES. */
  readonly features: Float32Array;
  /** views x PLACES shares of the object, in [0, 1]. */
  readonly truth: Float32Array;
}

export interface HeadSamplesInit {
  readonly guide: Guide;
  readonly train: readonly Sample[];
  /** The picture and mask of a sample, of any size. */
  readonly load: (sample: Sample) => Promise<{ readonly image: Image; readonly mask: Mask }>;
  readonly seed: number;
  readonly site: string;
  readonly signal?: AbortSignal | undefined;
}

/** Looks at the training images through the guide, with clicks and reflections of its own; asks no black box. */
export async function gatherHeadSamples(init: HeadSamplesInit): Promise<HeadSamples> {
  const { guide, train, load, seed, site, signal } = init;
  const stream = (...name: (string | number)[]) => new RandomStream(seed, "head", site, ...name);
  const chosen = stream("images")
    .shuffle([...train])
    .slice(0, VIEWS);
  const each = Math.min(VIEWS_OF_ONE, Math.max(1, Math.floor(VIEWS / chosen.length)));
  const views = chosen.length * each;
  const out = {
    views,
    viewsOfOne: each,
    logits: new Float32Array(views * PLACES),
    features: new Float32Array(views * PLACES * GUIDE_FEATURES),
    truth: new Float32Array(views * PLACES),
  };
  let next = 0;
  let block: { request: GuideRequest; truth: Float32Array }[] = [];
  const flush = async () => {
    signal?.throwIfAborted();
    const seen = await guide.look(block.map(({ request }) => request));
    for (const [b, { logits, features }] of seen.entries()) {
      const places = stream("places", next)
        .shuffle(Array.from({ length: GUIDE_GRID * GUIDE_GRID }, (_, i) => i))
        .slice(0, PLACES);
      for (const [p, place] of places.entries()) {
        const to = next * PLACES + p;
        out.logits[to] = logits[place];
        out.truth[to] = block[b].truth[place];
        out.features.set(features.subarray(place * GUIDE_FEATURES, (place + 1) * GUIDE_FEATURES), to * GUIDE_FEATURES);
      }
      next++;
    }
    block = [];
  };
  for (const sample of chosen) {
    const { image, mask } = await load(sample);
    const square = resizeImage(image, DECODER_SIZE, DECODER_SIZE);
    const truth = shareOf(mask);
    for (let v = 0; v < each; v++) {
      const draw = stream("view", sample.id, v);
      const [across, down] = v === 0 ? [false, false] : [draw.uniform() < 0.5, draw.uniform() < 0.5];
      const click = drawClick(mask, draw);
      const along = (at: number, side: number) => ((at + 0.5) * DECODER_SIZE) / side - 0.5;
      const x = along(click.x, mask.width);
      const y = along(click.y, mask.height);
      const last = DECODER_SIZE - 1;
      block.push({
        request: { image: mirrored(square, across, down), point: { x: across ? last - x : x, y: down ? last - y : y } },
        truth: mirrored(truth, across, down).data,
      });
      if (block.length === BLOCK) await flush();
    }
  }
  if (block.length > 0) await flush();
  return out;
}

/** The object's share of every place of the guide's grid. */
function shareOf({ data, width, height }: Mask): Image {
  const map = resizeMap({ data: Float32Array.from(data), width, height }, GUIDE_GRID, GUIDE_GRID);
  return { ...map, channels: 1 };
}

function mirrored(image: Image, across: boolean, down: boolean): Image {
  if (!across && !down) return image;
  const { width, height, channels, data } = image;
  const out = new Float32Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = ((down ? height - 1 - y : y) * width + (across ? width - 1 - x : x)) * channels;
      for (let c = 0; c < channels; c++) out[(y * width + x) * channels + c] = data[from + c];
    }
  return { data: out, width, height, channels };
}

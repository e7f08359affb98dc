import type { ModelDescription } from "../blackbox/model.js";
import { loadSample, type Sample } from "../data/dataset.js";
import { DECODER_SIZE, type IpDecoder, type PreparedImage } from "../decoder/ip-decoder.js";
import type { Image, Mask } from "../image/image.js";
import type { Size } from "../image/place.js";
import { resizeImage, resizeMask } from "../image/resize.js";

/** One sample made ready: at the size of `caseSize`, with the decoder's frozen features. */
export interface Case {
  readonly id: number;
  /** RGB. */
  readonly image: Image;
  /** The mask at the image's size, for the training loss. */
  readonly mask: Mask;
  /** The mask as it was read, for measuring. */
  readonly fullMask: Mask;
  readonly prepared: PreparedImage;
}

/**
 * At which size a picture is prompted and shown to a black box: its own, where it squeezes pictures into its square; else
 * the picture's own proportions, no larger than the black box looks at and never enlarged.
 */
export function caseSize({ nativeSize, geometry }: Sizing, image: Size): Size {
  if (geometry === "stretch") return nativeSize;
  const scale = Math.min(1, nativeSize.width / image.width, nativeSize.height / image.height);
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  return { width: side(image.width), height: side(image.height) };
}

/** What a black box's description says of sizes. */
export type Sizing = Pick<ModelDescription, "nativeSize" | "geometry">;

interface Held {
  readonly value: Case;
  readonly bytes: number;
}

/**
 * Loads cases and keeps them while they fit `limitBytes`; the one used longest ago goes first. The frozen encoder runs
 * once per image as long as it stays.
 */
export class CaseCache {
  readonly #held = new Map<number, Held>();
  #bytes = 0;

  constructor(
    private readonly decoder: IpDecoder,
    private readonly sizing: Sizing,
    private readonly limitBytes: number,
  ) {}

  /** @throws DatasetError, ImageError */
  async get(sample: Sample): Promise<Case> {
    const held = this.#held.get(sample.id);
    if (held) {
      this.#held.delete(sample.id);
      this.#held.set(sample.id, held);
      return held.value;
    }
    const value = await this.#load(sample);
    const bytes =
      value.image.data.byteLength + value.mask.data.length + value.fullMask.data.length + value.prepared.bytes;
    this.#held.set(sample.id, { value, bytes });
    this.#bytes += bytes;
    this.#evict(sample.id);
    return value;
  }

  /** Several at once; the cases stay valid at least until the next call. */
  async all(samples: readonly Sample[]): Promise<Case[]> {
    const cases: Case[] = [];
    for (const sample of samples) cases.push(await this.get(sample));
    return cases;
  }

  clear(): void {
    for (const { value } of this.#held.values()) value.prepared.dispose();
    this.#held.clear();
    this.#bytes = 0;
  }

  async #load(sample: Sample): Promise<Case> {
    const { image, mask } = await loadSample(sample);
    const { width, height } = caseSize(this.sizing, image);
    return {
      id: sample.id,
      image: resizeImage(image, width, height),
      mask: resizeMask(mask, width, height),
      fullMask: mask,
      prepared: this.decoder.prepare(resizeImage(image, DECODER_SIZE, DECODER_SIZE)),
    };
  }

  /** Never evicts the newest few: a batch that was just handed out is still in use. */
  #evict(newest: number): void {
    for (const [id, { value, bytes }] of this.#held) {
      if (this.#bytes <= this.limitBytes || this.#held.size <= MAX_IN_USE || id === newest) return;
      value.prepared.dispose();
      this.#held.delete(id);
      this.#bytes -= bytes;
    }
  }
}

/** More cases than any step uses at once. */
const MAX_IN_USE = 64;

import { loadSample, type Sample } from "../data/dataset.js";
import { DECODER_SIZE, type IpDecoder, type PreparedImage } from "../decoder/ip-decoder.js";
import type { Image, Mask } from "../image/image.js";
import { resizeImage, resizeMask } from "../image/resize.js";

/** One sample made ready: at the black box's own size, with the decoder's frozen features. */
export interface Case {
  readonly id: number;
  /** RGB at the black box's own size. */
  readonly image: Image;
  /** The mask at the black box's own size, for the training loss. */
  readonly mask: Mask;
  /** The mask as it was read, for measuring. */
  readonly fullMask: Mask;
  readonly prepared: PreparedImage;
}

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
    private readonly size: { readonly width: number; readonly height: number },
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
    const { width, height } = this.size;
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

import { GUIDE_FEATURES, GUIDE_GRID, type GuideView } from "../guide/guide.js";
import type { Image } from "../image/image.js";
import type { DrawRequest, PreparedImage } from "./ip-decoder.js";

const VIEW_BYTES = 4 * GUIDE_GRID * GUIDE_GRID * (GUIDE_FEATURES + 1);

/** How much more may be kept; shared by the pictures of a decoder. */
export interface Room {
  bytes: number;
}

/** A picture with what the guide has seen of it, by click. `bytes` is the picture's; views are held to the room. */
export class PreparedPicture implements PreparedImage {
  readonly bytes: number;
  readonly #views = new Map<string, GuideView>();

  constructor(
    readonly image: Image,
    private readonly room: Room,
  ) {
    this.bytes = image.data.byteLength;
  }

  viewOf(point: DrawRequest["point"]): GuideView | undefined {
    return this.#views.get(keyOf(point));
  }

  /** While there is room: validation asks for the same pictures and clicks again and again, in turn, so none makes way. */
  keep(point: DrawRequest["point"], view: GuideView): void {
    const key = keyOf(point);
    if (this.#views.has(key) || this.room.bytes < VIEW_BYTES) return;
    this.#views.set(key, view);
    this.room.bytes -= VIEW_BYTES;
  }

  dispose(): void {
    this.room.bytes += this.#views.size * VIEW_BYTES;
    this.#views.clear();
  }
}

const keyOf = ({ x, y }: DrawRequest["point"]) => `${x} ${y}`;

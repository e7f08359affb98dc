import type { DataSet } from "./data-set.js";
import { TAGS, type Tag } from "./tags.js";

/**
 * Finds the attributes of a frame: in its functional group, in the one that all frames share, or in the data set itself
 * (PS3.3 C.7.6.16; single-frame objects have them there, and so have some multi-frame ones).
 */
export class FrameAttributes {
  readonly #places: readonly DataSet[];

  /** @param frame from 0. @throws BadElements */
  constructor(
    readonly data: DataSet,
    frame: number,
  ) {
    const own = data.item(TAGS.PerFrameFunctionalGroupsSequence, frame);
    const shared = data.item(TAGS.SharedFunctionalGroupsSequence, 0);
    this.#places = [own, shared].filter((place) => place !== undefined);
  }

  /** The data set that has `tag`: the first item of the macro's sequence, or the whole data set. */
  holder(macro: Tag, tag: Tag): DataSet | undefined {
    for (const place of this.#places) {
      const item = place.item(macro, 0);
      if (item?.element(tag)) return item;
    }
    return this.data.element(tag) ? this.data : undefined;
  }

  /** The items of a sequence within a frame's functional group, or within the shared one. */
  items(macro: Tag): DataSet[] {
    for (const place of this.#places) if (place.element(macro)) return place.items(macro);
    return [];
  }
}

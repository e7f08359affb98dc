import { LRUCache } from "lru-cache";
import type { WindowRule } from "../data/sources.js";
import { percentiles } from "./percentiles.js";
import type { Volume } from "./volume.js";

/** Values from `low` (black, 0) to `high` (white, 255), in units of the volume. */
export interface GreyRange {
  readonly low: number;
  readonly high: number;
}

const SHARES = [0.005, 0.995];

/**
 * Found once for the state of a file, as all slices of a volume share one range so that they can be compared; kept for
 * longer than its voxels, of which a data set may have more than fit into memory.
 */
const found = new LRUCache<string, Promise<GreyRange>>({ max: 10_000 });

/**
 * The values that become black and white. `file`: the display range of the header where it has one, else percentiles.
 * Percentiles: the 0.5th and 99.5th of the whole volume, not of a slice; zeros do not count where they are more than half
 * (the air around a head that was cut out), nor does what is not a finite number.
 *
 * @throws RangeError for a window that is not wider than 0
 */
export async function greyRange(volume: Volume, rule: WindowRule = "file"): Promise<GreyRange> {
  if (typeof rule === "object") {
    if (!(rule.width > 0)) throw new RangeError(`the window's width must be above 0, not ${rule.width}`);
    return { low: rule.center - rule.width / 2, high: rule.center + rule.width / 2 };
  }
  if (rule === "file" && volume.display) return volume.display;
  let range = found.get(volume.state);
  if (!range) {
    range = percentiles(volume, SHARES).then(([low, high]) => ({ low, high }));
    found.set(volume.state, range);
  }
  return range;
}

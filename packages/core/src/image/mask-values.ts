import type { Fault } from "./errors.js";
import type { Raster } from "./raster.js";

/** What a mask file holds apart from black and white. */
export interface MaskValues {
  /** The largest number that stands for white: 1, 255 or 65535. */
  readonly range: number;
  /**
   * Levels that are neither near black nor near white (an eighth of the range), by rising number, at most 256 of them. A
   * pixel's level is that of its strongest channel; pixels on the rim between black and white do not count.
   */
  readonly levels: readonly number[];
  /** The share of all pixels that have these levels, 0..1. */
  readonly between: number;
  /** Small whole numbers where white should be, as label maps have; empty unless the file has two of them or more. */
  readonly labels: readonly number[];
  /** How many colours are bright, each on at least a thousandth of the pixels; white is one. */
  readonly colours: number;
}

const NEAR = 1 / 8;
/** How far from black and white a rim reaches: as wide as smoothing draws it, or a block of a lossy format. */
const RIM = 2;
const LOSSY_RIM = 8;
const MOST_LEVELS = 256;
const COLOUR_SHARE = 0.001;
/** Structures are larger; what is left of a JPEG's rims in a file that was saved again is less. */
const FEW = 0.005;

/** The strongest colour channel of each pixel, and how the file's numbers are to be taken. */
export interface MaskLevels {
  readonly levels: Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly range: number;
  /** A pixel is inside where its level is above. */
  readonly threshold: number;
}

/**
 * A mask's levels, and what is inside: what lies above half of the range, but in a file of only two values, of which one
 * is 0, the other. The range is 1 where no value is larger, and 255 in a file of 16 bits that holds no more.
 */
export function maskLevels({ data, width, height, channels, white }: Raster): MaskLevels {
  const colours = Math.min(channels, 3);
  const levels = new Uint16Array(width * height);
  let largest = 0;
  let smallest = white;
  for (let i = 0, from = 0; i < levels.length; i++, from += channels) {
    let value = data[from];
    for (let c = 1; c < colours; c++) if (data[from + c] > value) value = data[from + c];
    levels[i] = value;
    if (value > largest) largest = value;
    if (value < smallest) smallest = value;
  }
  const range = largest <= 1 ? 1 : largest <= 255 ? 255 : white;
  let twoValued = smallest === 0;
  for (let i = 0; twoValued && i < levels.length; i++) twoValued = levels[i] === 0 || levels[i] === largest;
  return { levels, width, height, range, threshold: twoValued && largest > 0 ? largest / 2 : range / 2 };
}

/** Whether both black and white are near a pixel. */
function onRim(
  { levels, width, height }: MaskLevels,
  at: number,
  reach: number,
  black: number,
  white: number,
): boolean {
  const x = at % width;
  const y = (at - x) / width;
  let dark = false;
  let bright = false;
  for (let ny = Math.max(0, y - reach); ny <= Math.min(height - 1, y + reach); ny++)
    for (let nx = Math.max(0, x - reach); nx <= Math.min(width - 1, x + reach); nx++) {
      const level = levels[ny * width + nx];
      if (level <= black) dark = true;
      else if (level >= white) bright = true;
      if (dark && bright) return true;
    }
  return false;
}

function brightColours({ data, channels, white, width, height }: Raster, range: number): number {
  if (channels < 3) return 1;
  const counts = new Float64Array(8);
  const half = Math.min(range, white) / 2;
  for (let i = 0; i < data.length; i += channels)
    counts[(data[i] > half ? 4 : 0) + (data[i + 1] > half ? 2 : 0) + (data[i + 2] > half ? 1 : 0)]++;
  return counts.subarray(1).filter((count) => count >= COLOUR_SHARE * width * height).length;
}

/** What a mask file holds apart from black and white. */
export function maskValues(raster: Raster, mask: MaskLevels = maskLevels(raster)): MaskValues {
  const { levels, range, threshold } = mask;
  const colours = brightColours(raster, range);
  // Of two values, one black, the other is white whatever it is.
  if (threshold !== range / 2) return { range, levels: [], between: 0, labels: [], colours };
  const black = range * NEAR;
  const white = range * (1 - NEAR);
  const reach = raster.lossy ? LOSSY_RIM : RIM;
  const found = new Set<number>();
  const low = new Set<number>();
  let between = 0;
  let bright = false;
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i];
    if (level >= white) bright = true;
    else if (level <= black) low.add(level);
    else if (!onRim(mask, i, reach, black, white)) {
      between++;
      found.add(level);
    }
  }
  const rising = (set: Set<number>) => [...set].sort((a, b) => a - b);
  const labels = bright || between > 0 || raster.lossy ? [] : rising(low).filter((level) => level > 0);
  return {
    range,
    levels: rising(found).slice(0, MOST_LEVELS),
    between: between / levels.length,
    labels: labels.length > 1 ? labels : [],
    colours,
  };
}

const LISTED = 5;

function listed(numbers: readonly number[]): string {
  const rest = numbers.length - LISTED;
  return numbers.slice(0, LISTED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** Why a mask file may not mean what black and white mean, and what to do; undefined for one of black and white. */
export function maskFault({ levels, between, labels, colours, range }: MaskValues): Fault | undefined {
  if (labels.length > 0)
    return {
      reason: `the mask holds the numbers ${listed(labels)} and no white (${range}), as a map of several labels does`,
      remedy: "save the structure that is to be segmented as 255 and all else as 0",
    };
  if (between > FEW)
    return {
      reason:
        `${(between * 100).toFixed(1)} % of the mask is neither black nor white (levels ${listed(levels)} of ${range}); ` +
        "what is above half counts as inside",
      remedy:
        "if these are several labels, or probabilities, save the structure that is to be segmented as white on black; if " +
        "the mask was resized, do it again with the nearest neighbour",
    };
  if (colours > 1)
    return {
      reason: `the mask has ${colours} bright colours, all of which count as inside`,
      remedy: "if they mark different structures, save the one that is to be segmented as white on black",
    };
  return undefined;
}

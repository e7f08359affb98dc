import { type Colour, drawContours } from "../image/contours.js";
import type { Image, Mask } from "../image/image.js";
import { contactSheet, type Tile, TRUTH_COLOUR } from "../image/panel.js";
import { resizeImage, resizeMask } from "../image/resize.js";
import type { Examined } from "./examine.js";
import { mapLimited } from "./limited.js";
import type { Problem } from "./problem.js";
import { readPicture, readTruth } from "./read.js";
import type { Sample } from "./samples.js";

/** Vermilion (Okabe and Ito): told apart from the outline's green by everybody. */
const BAD_COLOUR: Colour = [213, 94, 0];
const TILE = 160;
const COLUMNS = 10;
const FRAME = 4;
const PAPER = 225;

/** Cases in a sheet: the bad ones first, then others at even distances. */
export const MOST_TILES = 60;
const MOST_BAD = 40;

interface Shown {
  readonly sample: Sample;
  readonly problem?: Problem | undefined;
}

/** Which cases are shown, in order of their numbers. @param bad the problem of each bad case, by its number */
export function chooseShown(examined: readonly Examined[], bad: ReadonlyMap<number, Problem>): Shown[] {
  const wrong = examined.filter(({ sample }) => bad.has(sample.id)).slice(0, MOST_BAD);
  const good = examined.filter(({ sample }) => !bad.has(sample.id));
  const room = Math.min(good.length, MOST_TILES - wrong.length);
  const spread = Array.from({ length: room }, (_, i) => good[Math.floor((i * good.length) / room)]);
  return [...wrong, ...spread]
    .map(({ sample }) => ({ sample, problem: bad.get(sample.id) }))
    .sort((a, b) => a.sample.id - b.sample.id);
}

/** The picture at the tile's size, at most as high as it is wide. */
function shrink(image: Image): Image {
  const scale = TILE / Math.max(image.width, image.height);
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  return resizeImage(image, side(image.width), side(image.height));
}

function outlined(small: Image, mask: Mask | undefined, image: Image): Image {
  if (!mask || mask.width !== image.width || mask.height !== image.height) return small;
  return drawContours(small, resizeMask(mask, small.width, small.height), TRUTH_COLOUR, 2);
}

/** In the middle of a square tile, so that rows stay even; framed where it is bad. */
function onTile(picture: Image | undefined, framed: boolean): Image {
  const tile: Image = { data: new Float32Array(TILE * TILE * 3).fill(PAPER), width: TILE, height: TILE, channels: 3 };
  if (picture) {
    const left = Math.floor((TILE - picture.width) / 2);
    const top = Math.floor((TILE - picture.height) / 2);
    for (let y = 0; y < picture.height; y++)
      tile.data.set(
        picture.data.subarray(y * picture.width * 3, (y + 1) * picture.width * 3),
        ((top + y) * TILE + left) * 3,
      );
  }
  if (framed)
    for (let y = 0; y < TILE; y++)
      for (let x = 0; x < TILE; x++)
        if (Math.min(x, y, TILE - 1 - x, TILE - 1 - y) < FRAME) tile.data.set(BAD_COLOUR, (y * TILE + x) * 3);
  return tile;
}

/** What cannot be read is left blank: the caption says why. */
async function tileOf({ sample, problem }: Shown): Promise<Tile> {
  const nothing = () => undefined;
  const image = await readPicture(sample.image).catch(nothing);
  const mask = image && (await readTruth(sample.mask).catch(nothing));
  const picture = image && outlined(shrink(image), mask, image);
  const words = problem ? ` ${problem.code.toLowerCase().replaceAll("_", " ")}` : "";
  return { image: onTile(picture, problem !== undefined), caption: `${sample.id}${words}` };
}

/**
 * A contact sheet of a data folder: up to MOST_TILES cases with the outlines of their masks and their numbers, bad ones
 * framed and with the problem's code. Shows patients' pictures, so it stays at the site.
 * @throws RangeError when there is no case
 */
export async function dataSheet(shown: readonly Shown[]): Promise<Image> {
  const tiles = await mapLimited(shown, 2, tileOf);
  const rows = Array.from({ length: Math.ceil(tiles.length / COLUMNS) }, (_, row) =>
    tiles.slice(row * COLUMNS, (row + 1) * COLUMNS),
  );
  return contactSheet(rows, TILE);
}

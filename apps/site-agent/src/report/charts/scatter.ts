import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { type Html, html } from "../html.js";
import { axes, scale, ticks } from "./axes.js";

const FRAME = { width: 420, height: 420, left: 46, right: 12, top: 28, bottom: 40 };

/**
 * A point for each test image, zero-shot Dice to the right and adapted Dice upwards: above the diagonal is better.
 * @param nameOf what an image is called
 */
export function scatter(
  zeroShot: readonly ImageScore[],
  adapted: readonly ImageScore[],
  nameOf: (id: number) => string,
): Html {
  const { width, height, left, right, top, bottom } = FRAME;
  const all = [...zeroShot, ...adapted].map(({ dice }) => dice);
  // The lower end is cut off where nothing lies there, on both axes alike, so that the diagonal stays one.
  const low = Math.max(0, Math.floor((Math.min(...all) - 0.02) * 10) / 10);
  const x = scale([low, 1], [left, width - right]);
  const y = scale([low, 1], [height - bottom, top]);
  const text = (value: number) => value.toFixed(1);
  const marks = ticks(low, 1);
  const better = adapted.filter(({ dice }, i) => dice > zeroShot[i].dice).length;
  return html`<svg class="chart square" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="scatter-title scatter-text">
    <title id="scatter-title">Dice of each test image, zero-shot and adapted</title>
    <desc id="scatter-text">${better} of ${zeroShot.length} images lie above the diagonal, where the adapted answer is better. The table of all test images has the figures.</desc>
    ${axes(FRAME, { label: "Dice zero-shot", ticks: marks, scale: x, text }, { label: "Dice adapted", ticks: marks, scale: y, text })}
    <line class="diagonal" x1="${x(low)}" y1="${y(low)}" x2="${x(1)}" y2="${y(1)}"/>
    ${adapted.map(({ id, dice }, i) => {
      const before = zeroShot[i].dice;
      const side = dice > before ? "better" : dice < before ? "worse" : "equal";
      return html`<circle class="${side}" cx="${x(before)}" cy="${y(dice)}" r="5"><title>${nameOf(id)}: ${before.toFixed(3)} to ${dice.toFixed(3)}</title></circle>`;
    })}
  </svg>`;
}

const STRIP = { width: 480, height: 240, left: 46, right: 12, top: 28, bottom: 40 };

/** The Dice of each test image from the lowest to the highest, for a site that stays zero-shot. */
export function sortedDice(scores: readonly ImageScore[], nameOf: (id: number) => string): Html {
  const { width, height, left, right, top, bottom } = STRIP;
  const sorted = [...scores].sort((a, b) => a.dice - b.dice);
  const x = scale([0, Math.max(1, sorted.length - 1)], [left + 8, width - right - 8]);
  const y = scale([0, 1], [height - bottom, top]);
  const text = (value: number) => value.toFixed(1);
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="strip-title">
    <title id="strip-title">Zero-shot Dice of the ${sorted.length} test images, from the lowest to the highest</title>
    ${axes(STRIP, { label: "test images, from the lowest to the highest Dice", ticks: [], scale: x, text }, { label: "Dice zero-shot", ticks: ticks(0, 1), scale: y, text })}
    ${sorted.map(({ id, dice }, i) => html`<circle class="equal" cx="${x(i)}" cy="${y(dice)}" r="4"><title>${nameOf(id)}: ${dice.toFixed(3)}</title></circle>`)}
  </svg>`;
}

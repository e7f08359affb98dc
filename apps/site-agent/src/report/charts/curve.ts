import { type Html, html } from "../html.js";
import type { ReportData } from "../report-data.js";
import { axes, scale, ticks } from "./axes.js";

const FRAME = { width: 480, height: 270, left: 52, right: 16, top: 28, bottom: 40 };

/** Validation Dice of every version over the queries spent by then; the version in use is marked, zero-shot is the line. */
export function learningCurve({ curve, version }: Pick<ReportData, "curve" | "version">): Html {
  const { width, height, left, right, top, bottom } = FRAME;
  const dices = curve.map(({ valDice }) => valDice);
  const [least, most] = [Math.min(...dices), Math.max(...dices)];
  const room = Math.max(0.02, (most - least) * 0.15);
  const [low, high] = [Math.max(0, least - room), Math.min(1, most + room)];
  const last = Math.max(1, ...curve.map(({ queries }) => queries));
  const x = scale([0, last], [left, width - right]);
  const y = scale([low, high], [height - bottom, top]);
  const marks = ticks(low, high, 4);
  const digits = marks.length > 1 && marks[1] - marks[0] < 0.01 ? 3 : 2;
  const [zeroShot] = curve;
  const path = curve.map(({ queries, valDice }, i) => `${i === 0 ? "M" : "L"}${x(queries)} ${y(valDice)}`).join("");
  const used = curve.find((point) => point.version === version);
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="curve-title curve-text">
    <title id="curve-title">Validation Dice over black-box queries</title>
    <desc id="curve-text">From ${zeroShot?.valDice.toFixed(3)} zero-shot to ${most.toFixed(3)} at best, over ${last} queries.</desc>
    ${axes(
      FRAME,
      {
        label: "black-box queries, for everything",
        ticks: ticks(0, last, 4),
        scale: x,
        text: (value) => String(value),
      },
      { label: "Dice on the validation images", ticks: marks, scale: y, text: (value) => value.toFixed(digits) },
    )}
    ${zeroShot && html`<line class="diagonal" x1="${left}" x2="${width - right}" y1="${y(zeroShot.valDice)}" y2="${y(zeroShot.valDice)}"/>`}
    <path class="curve" d="${path}"/>
    ${curve.map((point) => html`<circle class="point" cx="${x(point.queries)}" cy="${y(point.valDice)}" r="3.5"><title>${nameOfVersion(point.version)}: Dice ${point.valDice.toFixed(3)} after ${point.queries} queries</title></circle>`)}
    ${used && html`<circle class="used" cx="${x(used.queries)}" cy="${y(used.valDice)}" r="7"><title>in use: ${nameOfVersion(used.version)}</title></circle>`}
  </svg>`;
}

export function nameOfVersion(version: number): string {
  return version === 0 ? "zero-shot" : `version ${version}`;
}

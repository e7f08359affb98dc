import { type Html, html } from "../html.js";

/** From a value to a place in the drawing. */
export type Scale = (value: number) => number;

export function scale([from, to]: readonly [number, number], [low, high]: readonly [number, number]): Scale {
  return (value) => round(low + ((value - from) / (to - from || 1)) * (high - low));
}

/** A tenth of a unit is finer than anybody sees. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Round values that cover a range, at most about `count` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Axis {
  readonly label: string;
  readonly ticks: readonly number[];
  readonly scale: Scale;
  text(value: number): string;
}

/** Grid lines, numbers and the names of both axes. */
export function axes({ width, height, left, right, top, bottom }: Frame, x: Axis, y: Axis): Html {
  const [inner, base] = [width - right, height - bottom];
  return html`
    ${y.ticks.map((value) => html`<line class="grid" x1="${left}" x2="${inner}" y1="${y.scale(value)}" y2="${y.scale(value)}"/><text class="tick" x="${left - 6}" y="${y.scale(value) + 4}" text-anchor="end">${y.text(value)}</text>`)}
    ${x.ticks.map((value) => html`<line class="grid" x1="${x.scale(value)}" x2="${x.scale(value)}" y1="${top}" y2="${base}"/><text class="tick" x="${x.scale(value)}" y="${base + 16}" text-anchor="middle">${x.text(value)}</text>`)}
    <text class="axis" x="${(left + inner) / 2}" y="${height - 4}" text-anchor="middle">${x.label}</text>
    <text class="axis" x="${left}" y="${top - 8}" text-anchor="start">${y.label}</text>`;
}

import type { MeanPoint } from "./adapt-curve.js";

/** One method in one panel. */
export interface PlotLine {
  readonly label: string;
  /** What the site would use, as steps with the interval. */
  readonly deployed: readonly MeanPoint[];
  /** The version of that moment, chosen or not. */
  readonly raw: readonly MeanPoint[];
}

export interface PlotPanel {
  readonly title: string;
  readonly lines: readonly PlotLine[];
  /** A height to compare with. */
  readonly level?: { readonly label: string; readonly dice: number } | undefined;
}

export interface Plot {
  readonly title: string;
  /** Right end of the horizontal axes, queries. */
  readonly queries: number;
  readonly panels: readonly PlotPanel[];
}

// Told apart also without colours (Okabe and Ito), by their ends and the legend's order.
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"];
const COLUMNS = 4;
const PANEL = { width: 300, height: 220 };
const INSIDE = { left: 44, top: 26, right: 12, bottom: 38 };
const HEAD = 64;
/** Of one entry. */
const LEGEND = 110;
/** For the title and the note. */
const NARROWEST = 560;

/** Dice against queries, as a picture (SVG) of its own: no style sheet, no script. */
export function drawPlot({ title, queries, panels }: Plot): string {
  const labels = [...new Set(panels.flatMap(({ lines }) => lines.map(({ label }) => label)))];
  const columns = Math.min(COLUMNS, Math.max(1, panels.length));
  const width = Math.max(columns * PANEL.width, INSIDE.left + labels.length * LEGEND, NARROWEST);
  const height = HEAD + Math.ceil(panels.length / columns) * PANEL.height;
  const body = panels.map((panel, i) => {
    const [x, y] = [(i % columns) * PANEL.width, HEAD + Math.floor(i / columns) * PANEL.height];
    return `<g transform="translate(${x} ${y})">${drawPanel(panel, queries, labels)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text({ x: INSIDE.left, y: 20, size: 14 }, title),
    drawLegend(labels),
    ...body,
    "</svg>\n",
  ].join("\n");
}

function drawLegend(labels: readonly string[]): string {
  const entries = labels.map((label, i) => {
    const x = INSIDE.left + i * LEGEND;
    return `<path d="M${x} 40h22" stroke="${colourOf(i)}" stroke-width="2" fill="none"/>${text({ x: x + 27, y: 44 }, label)}`;
  });
  const note = "line: the version in use, band: 95 % of its gain over seeds; dashed: each version";
  return `${entries.join("")}${text({ x: INSIDE.left, y: 60, colour: "#555" }, note)}`;
}

function drawPanel({ title, lines, level }: PlotPanel, queries: number, labels: readonly string[]): string {
  const { low, high, step } = scaleOf(lines, level?.dice);
  const right = PANEL.width - INSIDE.right;
  const bottom = PANEL.height - INSIDE.bottom;
  const x = (value: number) => fixed(INSIDE.left + ((right - INSIDE.left) * Math.min(value, queries)) / queries);
  const y = (value: number) => fixed(bottom - ((bottom - INSIDE.top) * (value - low)) / (high - low));
  const within = (value: number) => Math.min(high, Math.max(low, value));
  const parts = [text({ x: INSIDE.left, y: 16, size: 12 }, title)];
  for (let i = 0; low + i * step <= high + 1e-9; i++) {
    const value = low + i * step;
    parts.push(`<path d="M${INSIDE.left} ${y(value)}H${right}" stroke="#ddd"/>`);
    parts.push(text({ x: INSIDE.left - 5, y: y(value) + 4, anchor: "end" }, value.toFixed(2)));
  }
  for (const share of [0, 0.5, 1])
    parts.push(text({ x: x(share * queries), y: bottom + 14, anchor: "middle" }, `${Math.round(share * queries)}`));
  parts.push(text({ x: (INSIDE.left + right) / 2, y: bottom + 28, anchor: "middle", colour: "#555" }, "queries"));
  if (level) {
    const at = y(level.dice);
    parts.push(`<path d="M${INSIDE.left} ${at}H${right}" stroke="#555" stroke-dasharray="1 3"/>`);
    parts.push(text({ x: right, y: at - 3, anchor: "end", colour: "#555" }, level.label));
  }
  for (const { label, deployed, raw } of lines) {
    const colour = colourOf(labels.indexOf(label));
    const upper = steps(deployed, queries, ({ high: dice }) => dice);
    const lower = steps(deployed, queries, ({ low: dice }) => dice).reverse();
    const at = (points: readonly (readonly [number, number])[]) =>
      points.map(([q, d]) => `${x(q)} ${y(within(d))}`).join("L");
    parts.push(`<path d="M${at([...upper, ...lower])}Z" fill="${colour}" fill-opacity="0.15"/>`);
    const line = (points: readonly MeanPoint[]) => at(steps(points, queries, ({ mean }) => mean));
    parts.push(`<path d="M${line(raw)}" fill="none" stroke="${colour}" stroke-opacity="0.6" stroke-dasharray="3 3"/>`);
    parts.push(`<path d="M${line(deployed)}" fill="none" stroke="${colour}" stroke-width="2"/>`);
  }
  return parts.join("");
}

/** Corners of a line that stays as it is until the next point. */
function steps(
  points: readonly MeanPoint[],
  queries: number,
  height: (point: MeanPoint) => number,
): (readonly [number, number])[] {
  const corners = points.flatMap((point, i): (readonly [number, number])[] => {
    const before = points[i - 1];
    return before
      ? [
          [point.queries, height(before)],
          [point.queries, height(point)],
        ]
      : [[point.queries, height(point)]];
  });
  const last = points.at(-1);
  return last ? [...corners, [queries, height(last)]] : corners;
}

/** Ends of the vertical axis at whole steps around all lines, within 0 to 1; a wide band is cut off there. */
function scaleOf(lines: readonly PlotLine[], level: number | undefined) {
  const values = lines.flatMap(({ deployed, raw }) => [...deployed, ...raw].map(({ mean }) => mean));
  if (level !== undefined) values.push(level);
  const least = Math.max(0, Math.min(...values, 1));
  const most = Math.min(1, Math.max(...values, 0));
  const step = most - least > 0.4 ? 0.2 : most - least > 0.15 ? 0.1 : 0.05;
  const low = Math.floor(least / step) * step;
  return { low, high: Math.max(low + step, Math.ceil(most / step - 1e-9) * step), step };
}

function text(
  { x, y, size, anchor, colour }: { x: number; y: number; size?: number; anchor?: string; colour?: string },
  words: string,
): string {
  const given = [
    size === undefined ? "" : ` font-size="${size}"`,
    anchor === undefined ? "" : ` text-anchor="${anchor}"`,
    colour === undefined ? "" : ` fill="${colour}"`,
  ];
  return `<text x="${fixed(x)}" y="${fixed(y)}"${given.join("")}>${escaped(words)}</text>`;
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length];
}

function fixed(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(words: string): string {
  const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return words.replace(/[&<>"]/g, (letter) => names[letter]);
}

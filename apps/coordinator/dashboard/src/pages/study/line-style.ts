import type { Line } from "../../logic/dice-plot.js";

export interface LineStyle {
  readonly className: string;
  readonly width: number;
  readonly dash: number[];
}

const COLOURS = 5;
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];

/** How a line looks: by colour and by dashes, so that neither is needed alone. `index` is its place among the lines. */
export function lineStyle({ kind }: Line, index: number): LineStyle {
  if (kind === "cohort") return { className: "line-cohort", width: 3, dash: [] };
  if (kind === "zero-shot") return { className: "line-zero", width: 2, dash: [4, 4] };
  return { className: `line-${(index % COLOURS) + 1}`, width: 1.5, dash: DASHES[index % DASHES.length]! };
}

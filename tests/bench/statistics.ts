import type { Row } from "./table.js";

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Four significant digits: more is noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** `name` with Median, Min and Max appended, as figures of a row. */
export function spread(name: string, values: readonly number[]): Row {
  return {
    [`${name}Median`]: rounded(median(values)),
    [`${name}Min`]: rounded(Math.min(...values)),
    [`${name}Max`]: rounded(Math.max(...values)),
  };
}

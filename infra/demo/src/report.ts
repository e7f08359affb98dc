/** `report.json`: what the demo measured, as the design's section on the demo fixes it. */
export interface DemoReport {
  readonly study: string;
  readonly mode: "fedavg";
  readonly decoder: string;
  readonly decoderParameters: number;
  readonly blackbox: string;
  readonly sites: readonly SiteFigures[];
  readonly zeroShotDice: number;
  readonly adaptedDice: number;
  /** Null unless every site that reported measured it. */
  readonly referenceDice: number | null;
  readonly rounds: { readonly completed: number; readonly aborted: number };
  readonly blackboxQueries: number;
  readonly blackboxSeconds: number;
  readonly wallSeconds: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly seed: number;
}

/** One site; Dice are of its test split, and `adaptedDice` is of what the site would use. */
export interface SiteFigures {
  readonly site: string;
  readonly images: { readonly train: number; readonly val: number; readonly test: number };
  readonly zeroShotDice: number;
  readonly adaptedDice: number;
  /** Of a small network trained on the site's labels alone, without the black box; absent where it was not measured. */
  readonly referenceDice?: number;
  readonly deployed: boolean;
  readonly queries: number;
  readonly blackboxSeconds: number;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The mean of what the sites have of a small network alone; null unless all have it. */
export function meanReference(sites: readonly SiteFigures[]): number | null {
  const dices = sites.flatMap(({ referenceDice }) => referenceDice ?? []);
  return dices.length === sites.length ? mean(dices) : null;
}

/** Columns of words. */
const LEFT = new Set(["site", "uses"]);

/** The report as a table for people; "alone" is the Dice of the small network alone. */
export function table(report: DemoReport): string {
  const rows = report.sites.map(({ site, images, zeroShotDice, adaptedDice, referenceDice, deployed, queries }) => [
    site,
    `${images.train}/${images.val}/${images.test}`,
    zeroShotDice.toFixed(3),
    adaptedDice.toFixed(3),
    signed(adaptedDice - zeroShotDice),
    referenceDice?.toFixed(3) ?? "",
    deployed ? "adapted" : "zero-shot",
    String(queries),
  ]);
  const gain = report.adaptedDice - report.zeroShotDice;
  const all = [
    "mean",
    "",
    report.zeroShotDice.toFixed(3),
    report.adaptedDice.toFixed(3),
    signed(gain),
    report.referenceDice?.toFixed(3) ?? "",
    "",
    "",
  ];
  const head = ["site", "train/val/test", "zero-shot Dice", "adapted Dice", "gain", "alone", "uses", "queries"];
  const columns = head.map((title, c) => Math.max(...[head, ...rows, all].map((row) => row[c].length), title.length));
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => (LEFT.has(head[c]) ? cell.padEnd(columns[c]) : cell.padStart(columns[c])))
      .join("  ")
      .trimEnd();
  const rule = "-".repeat(columns.reduce((sum, width) => sum + width + 2, -2));
  return [line(head), rule, ...rows.map(line), rule, line(all)].join("\n");
}

function signed(value: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(3)}`;
}

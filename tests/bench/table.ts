/** One line of figures; each name tells its unit. A figure may be absent from a row. */
export type Row = Readonly<Record<string, string | number>>;

/** The rows as aligned text: one table for every distinct `measured`, under the figures' own names. */
export function formatRows(rows: readonly Row[]): string {
  const groups = [...new Set(rows.map(({ measured }) => measured))];
  return groups
    .map((measured) => {
      const members = rows.filter((row) => row.measured === measured);
      return `${measured}\n${formatTable(members)}`;
    })
    .join("\n\n");
}

function formatTable(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => name !== "measured");
  const lines = [names.map(inWords), ...rows.map((row) => names.map((name) => String(row[name] ?? "")))];
  const widths = names.map((_, c) => Math.max(...lines.map((line) => line[c].length)));
  const numeric = names.map((name) => rows.every((row) => typeof (row[name] ?? 0) === "number"));
  const align = (cell: string, c: number) => (numeric[c] ? cell.padStart(widths[c]) : cell.padEnd(widths[c]));
  return lines.map((line) => `  ${line.map(align).join("  ")}`.trimEnd()).join("\n");
}

/** stepMsMedian -> step ms median */
function inWords(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ").replace(/ [A-Z](?=[a-z]| |$)/g, (letter) => letter.toLowerCase());
}

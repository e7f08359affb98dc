/** How a command speaks: machines get one JSON document on stdout, people get lines. */
export interface Output {
  readonly json: boolean;
  result(value: unknown, lines: readonly string[]): void;
  note(line: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    result(value, lines) {
      process.stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(""));
    },
    note: (line) => void process.stderr.write(`${line}\n`),
  };
}

/** Rows under headings, in columns. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
}

export function dateText(milliseconds: number | null): string {
  return milliseconds === null ? "never" : new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ");
}

/** Text of a CSV file: UTF-8, UTF-16 with a byte order mark (as spreadsheets save it), else Windows-1252. */
export function csvText(bytes: Uint8Array): string {
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (a === 0xfe && b === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** The delimiter (comma, semicolon or tab) that splits the first line into most cells that are known; a comma if none does. */
export function delimiterOf(text: string, known: (cell: string) => boolean): string {
  const first = text.trimStart().split(/\r\n|\n|\r/, 1)[0];
  const count = (delimiter: string) => first.split(delimiter).filter((cell) => known(plainCell(cell))).length;
  return [",", ";", "\t"].reduce((best, candidate) => (count(candidate) > count(best) ? candidate : best));
}

/** A name without quotes and spaces around it, in small letters. */
export function plainCell(cell: string): string {
  return cell
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .trim()
    .toLowerCase();
}

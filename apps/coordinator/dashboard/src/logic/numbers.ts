const THIN = "\u202f";

/** A whole number in groups of three, separated by thin spaces: 12 345. */
export function whole(value: number): string {
  const digits = String(Math.abs(Math.round(value)));
  const grouped = digits.replace(/\B(?=(\d{3})+$)/g, THIN);
  return value < 0 && digits !== "0" ? `\u2212${grouped}` : grouped;
}

/** Bytes in the largest unit that leaves at least one digit before the point. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? whole(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A Dice score to three places. */
export function dice(value: number | null | undefined): string {
  return value === null || value === undefined ? "\u2013" : value.toFixed(3);
}

/** A difference of Dice scores with its sign. */
export function gain(value: number): string {
  const text = Math.abs(value).toFixed(3);
  if (Number(text) === 0) return `\u00b1${text}`;
  return `${value < 0 ? "\u2212" : "+"}${text}`;
}

/** The part of the whole, held between 0 and 1; 0 where there is no whole. */
export function share(part: number, all: number): number {
  return all > 0 ? Math.min(1, Math.max(0, part / all)) : 0;
}

/** "1 site", "3 sites". */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${whole(value)} ${value === 1 ? one : many}`;
}

/** Names as a person lists them: "a", "a and b", "a, b and c"; a long list is cut with a count. */
export function names(list: readonly string[], most = 4): string {
  if (list.length === 0) return "nobody";
  if (list.length > most) return `${list.slice(0, most - 1).join(", ")} and ${list.length - most + 1} more`;
  return list.length === 1 ? list[0]! : `${list.slice(0, -1).join(", ")} and ${list.at(-1)}`;
}

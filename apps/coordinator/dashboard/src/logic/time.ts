const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span of time in one or two plain units: "45 s", "8 min", "3 h 20 min", "12 days". */
export function span(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`;
  if (ms < DAY) {
    const hours = Math.floor(ms / HOUR);
    const minutes = Math.round((ms - hours * HOUR) / MINUTE);
    if (minutes === 60) return `${hours + 1} h`;
    return minutes === 0 || hours >= 6 ? `${hours} h` : `${hours} h ${minutes} min`;
  }
  const days = Math.round(ms / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** A moment seen from now: "just now", "2 min ago", "in 8 min". */
export function relative(at: number, now: number): string {
  const away = at - now;
  if (Math.abs(away) < 5 * SECOND) return "just now";
  return away < 0 ? `${span(-away)} ago` : `in ${span(away)}`;
}

/** The exact moment, as a person of this place writes it. */
export function exact(at: number, locale?: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, {
    dateStyle: "medium",
    timeStyle: "medium",
    ...(timeZone ? { timeZone } : {}),
  }).format(at);
}

/** Hours, minutes and seconds of a moment today. */
export function clockTime(at: number, timeZone?: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    ...(timeZone ? { timeZone } : {}),
  }).format(at);
}

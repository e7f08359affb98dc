import type { LocalMoment } from "./local-time.js";

const DAY = 24 * 60;
const NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const FORM = 'write "22:00-06:00", or with days "sat,sun 00:00-24:00" or "mon-fri 07:00-18:00"';

/** A time of the week in which the black box is left alone. */
export interface QuietWindow {
  /** As it was written. */
  readonly text: string;
  /** On which days it begins, from Monday. */
  readonly days: readonly boolean[];
  /** Minutes of the day: from `from` to just before `to`; over midnight where `to` is not later. */
  readonly from: number;
  readonly to: number;
}

/** @throws Error saying what is wrong with the text and how to write it */
export function parseQuietWindow(text: string): QuietWindow {
  const found = /^(?:([a-z, -]+?)\s+)?(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})$/i.exec(text.trim());
  if (!found) throw new Error(`"${text}" is no time of the day; ${FORM}`);
  const [, days, ...times] = found;
  const [from, to] = [minuteOf(times[0], times[1], text), minuteOf(times[2], times[3], text)];
  if (from === DAY || from === to) throw new Error(`"${text}" has no length; for a whole day write 00:00-24:00`);
  return { text: text.trim(), days: days === undefined ? NAMES.map(() => true) : daysOf(days, text), from, to };
}

/** @throws Error where the windows leave no minute of the week: nothing would ever be done */
export function checkWeek(windows: readonly QuietWindow[]): void {
  for (let weekday = 0; weekday < 7; weekday++)
    for (let minute = 0; minute < DAY; minute++) if (!quietAt(windows, { weekday, minute })) return;
  throw new Error("these hours leave no time of the week in which the black box may be asked");
}

/** The window that a moment lies in. Summer time needs no care: the clock on the wall is what counts. */
export function quietAt(
  windows: readonly QuietWindow[],
  { weekday, minute }: Pick<LocalMoment, "weekday" | "minute">,
): QuietWindow | undefined {
  const yesterday = (weekday + 6) % 7;
  return windows.find(({ days, from, to }) =>
    to > from
      ? days[weekday] && minute >= from && minute < to
      : (days[weekday] && minute >= from) || (days[yesterday] && minute < to),
  );
}

function minuteOf(hours: string, minutes: string, text: string): number {
  const minute = 60 * Number(hours) + Number(minutes);
  if (Number(minutes) > 59 || minute > DAY) throw new Error(`"${text}" is no time of the day; ${FORM}`);
  return minute;
}

function daysOf(list: string, text: string): boolean[] {
  const days = NAMES.map(() => false);
  for (const part of list.toLowerCase().split(",")) {
    const [first, last = first, ...more] = part
      .trim()
      .split(/\s*-\s*/)
      .map((name) => NAMES.indexOf(name));
    if (first < 0 || last < 0 || more.length > 0)
      throw new Error(`"${text}": the days are ${NAMES.join(", ")}; ${FORM}`);
    for (let day = first; ; day = (day + 1) % 7) {
      days[day] = true;
      if (day === last) break;
    }
  }
  return days;
}

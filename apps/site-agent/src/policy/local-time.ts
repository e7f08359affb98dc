/** A moment on the calendar and the clock of a place. */
export interface LocalMoment {
  /** YYYY-MM-DD */
  readonly day: string;
  /** 0 is Monday. */
  readonly weekday: number;
  /** Of the day, 0 to 1439, as the clock on the wall shows it. */
  readonly minute: number;
}

const MINUTE_MS = 60_000;
/** No day on the calendar is as long, not even where the clocks are set back. */
const LONGEST_DAY_MS = 49 * 60 * MINUTE_MS;
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/**
 * The calendar of a time zone, summer time and all: everything is asked of the zone's rules (IANA, by `Intl`), no offset is
 * ever added by hand.
 */
export class LocalTime {
  readonly #format: Intl.DateTimeFormat;

  /** @param zone an IANA name as Europe/Berlin; by default this computer's. @throws RangeError for an unknown zone */
  constructor(zone?: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      ...(zone === undefined ? {} : { timeZone: zone }),
      hourCycle: "h23",
      weekday: "short",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
    });
  }

  /** @param at milliseconds since the epoch */
  moment(at: number): LocalMoment {
    const parts = new Map(this.#format.formatToParts(at).map(({ type, value }) => [type, value]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? "";
    return {
      day: `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`,
      weekday: WEEKDAYS.indexOf(part("weekday")),
      minute: 60 * Number(part("hour")) + Number(part("minute")),
    };
  }

  /** When the next calendar day begins: 23, 24 or 25 hours after this one did. */
  nextDay(at: number): number {
    const { day } = this.moment(at);
    let [low, high] = [at, at + LONGEST_DAY_MS];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.moment(middle).day === day) low = middle;
      else high = middle;
    }
    return high;
  }

  /** The first full minute after `at` for which `wanted` holds; undefined where none of the next eight days has one. */
  firstMinute(at: number, wanted: (moment: LocalMoment) => boolean): number | undefined {
    const first = (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
    for (let time = first; time < at + 8 * 24 * 60 * MINUTE_MS; time += MINUTE_MS)
      if (wanted(this.moment(time))) return time;
    return undefined;
  }

  /** `2026-11-29 06:00` */
  text(at: number): string {
    const { day, minute } = this.moment(at);
    const two = (value: number) => String(value).padStart(2, "0");
    return `${day} ${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
  }
}

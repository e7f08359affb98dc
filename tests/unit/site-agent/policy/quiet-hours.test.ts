import { LocalTime } from "@fedbaps/site-agent/policy/local-time.js";
import { checkWeek, parseQuietWindow, quietAt } from "@fedbaps/site-agent/policy/quiet-hours.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../../support/property.js";

const BERLIN = new LocalTime("Europe/Berlin");
const at = (iso: string) => Date.parse(iso);
const iso = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());

describe("quiet hours", () => {
  const night = [parseQuietWindow("22:00-06:00")];

  it.each([
    ["2026-01-10T20:59:59Z", false],
    ["2026-01-10T21:00:00Z", true],
    ["2026-01-11T04:59:59Z", true],
    ["2026-01-11T05:00:00Z", false],
    // In summer the same wall clock is another time of the world's.
    ["2026-07-10T19:59:59Z", false],
    ["2026-07-10T20:00:00Z", true],
    ["2026-07-11T04:00:00Z", false],
  ])("from ten to six in Berlin: %s is quiet: %s", (time, quiet) => {
    expect(quietAt(night, BERLIN.moment(at(time))) !== undefined).toBe(quiet);
  });

  it.each([
    // Clocks go forward on 29 March 2026: the night is an hour shorter.
    ["2026-03-28T21:00:00Z", "2026-03-29T04:00:00.000Z"],
    // And back on 25 October: an hour longer.
    ["2026-10-24T20:00:00Z", "2026-10-25T05:00:00.000Z"],
    ["2026-01-10T23:17:31Z", "2026-01-11T05:00:00.000Z"],
  ])("begun at %s, they end at %s", (from, end) => {
    expect(iso(BERLIN.firstMinute(at(from), (moment) => !quietAt(night, moment)))).toBe(end);
  });

  it("a window in the hour that summer time leaves out is over when the clock has jumped past it", () => {
    const early = [parseQuietWindow("02:15-02:45")];
    for (let time = at("2026-03-29T00:00:00Z"); time < at("2026-03-29T03:00:00Z"); time += 60_000)
      expect(quietAt(early, BERLIN.moment(time))).toBeUndefined();
    // In autumn that hour is there twice, and quiet twice.
    const minutes = Array.from({ length: 240 }, (_, i) => at("2026-10-24T23:00:00Z") + i * 60_000);
    expect(minutes.filter((time) => quietAt(early, BERLIN.moment(time)))).toHaveLength(60);
  });

  it("days are those on which a window begins", () => {
    const [saturday] = [parseQuietWindow("sat 22:00-06:00")];
    expect(quietAt([saturday], { weekday: 5, minute: 22 * 60 })).toBe(saturday);
    expect(quietAt([saturday], { weekday: 6, minute: 5 * 60 })).toBe(saturday);
    expect(quietAt([saturday], { weekday: 5, minute: 5 * 60 })).toBeUndefined();
    const office = parseQuietWindow("Mon-Fri 07:00-18:00");
    expect(office.days).toEqual([true, true, true, true, true, false, false]);
    expect(parseQuietWindow("sat-mon, wed 00:00-24:00").days).toEqual([true, false, true, false, false, true, true]);
  });

  it.each(["", "22:00", "22-06", "25:00-06:00", "22:60-06:00", "08:00-08:00", "24:00-06:00", "noday 22:00-06:00"])(
    "refuses %j and says how to write it",
    (text) => expect(() => parseQuietWindow(text)).toThrow(/write|whole day/),
  );

  it("refuses a week without any time for work", () => {
    expect(() => checkWeek(["00:00-12:00", "12:00-24:00"].map(parseQuietWindow))).toThrow("no time of the week");
    checkWeek(["00:00-12:00", "12:00-23:59"].map(parseQuietWindow));
    checkWeek(["mon-sat 00:00-24:00"].map(parseQuietWindow));
  });

  it("ends, whatever the window and the hour, at the first minute that is not in it", () => {
    const clock = fc.integer({ min: 0, max: 24 * 60 - 1 });
    const text = (minute: number) =>
      `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
    fc.assert(
      fc.property(clock, clock, fc.integer({ min: at("2026-01-01"), max: at("2027-01-01") }), (from, to, now) => {
        fc.pre(from !== to);
        const windows = [parseQuietWindow(`${text(from)}-${text(to)}`)];
        const end = BERLIN.firstMinute(now, (moment) => !quietAt(windows, moment));
        expect(quietAt(windows, BERLIN.moment(end!))).toBeUndefined();
        expect(end! > now).toBe(true);
        const before = end! - 60_000;
        if (before > now) expect(quietAt(windows, BERLIN.moment(before))).toBeDefined();
      }),
    );
  });
});

describe("the calendar of a place", () => {
  it.each([
    ["2026-03-28T23:00:00Z", 23],
    ["2026-10-24T22:00:00Z", 25],
    ["2026-06-01T22:00:00Z", 24],
  ])("the day that begins in Berlin at %s has %i hours", (begin, hours) => {
    const start = at(begin);
    expect(BERLIN.moment(start)).toMatchObject({ minute: 0 });
    expect((BERLIN.nextDay(start) - start) / 3_600_000).toBe(hours);
    expect(BERLIN.moment(BERLIN.nextDay(start) - 1).day).toBe(BERLIN.moment(start).day);
  });

  it("another zone has another day", () => {
    const now = at("2026-11-28T13:00:00Z");
    expect(new LocalTime("Pacific/Auckland").moment(now).day).toBe("2026-11-29");
    expect(new LocalTime("America/New_York").text(now)).toBe("2026-11-28 08:00");
  });
});

import { EventStream } from "@fedbaps/coordinator/http/event-stream.js";
import { describe, expect, it } from "@jest/globals";
import { SteppedClock } from "../../support/waiting-clocks.js";

function makeStream({ allowed = async () => true, waiting = 0 } = {}) {
  const clock = new SteppedClock(1000);
  const sent = { text: "", ended: 0 };
  const sink = {
    write(text: string) {
      sent.text += text;
      return waiting;
    },
    end: () => void sent.ended++,
  };
  const stream = new EventStream({ clock, sink, allowed });
  const events = () => [...sent.text.matchAll(/^event: change\ndata: (.*)\n\n/gm)].map(([, data]) => JSON.parse(data));
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, sent, stream, events, settle };
}

describe("a stream of events", () => {
  it("sends at once what is new, and of a burst the first and the last", () => {
    const { clock, stream, events } = makeStream();
    for (let i = 0; i < 40; i++) {
      stream.push({ kind: "study", study: "liver" });
      clock.advance(10);
    }
    expect(events()).toEqual([0, 1].map(() => ({ kind: "study", study: "liver" })));
    clock.advance(1000);
    expect(events()).toHaveLength(3);
    clock.advance(1000);
    expect(events()).toHaveLength(3);
  });

  it("keeps subjects apart", () => {
    const { stream, events } = makeStream();
    for (const study of ["liver", "lung"]) for (let i = 0; i < 3; i++) stream.push({ kind: "study", study });
    for (const kind of ["sites", "roster", "audit"] as const) stream.push({ kind });
    expect(events().map((change) => change.study ?? change.kind)).toEqual([
      "liver",
      "lung",
      "sites",
      "roster",
      "audit",
    ]);
  });

  it("is heard every 15 seconds, for as long as the listener may", async () => {
    let may = true;
    const { clock, sent, stream, settle } = makeStream({ allowed: async () => may });
    for (let i = 0; i < 3; i++) {
      clock.advance(15_000);
      await settle();
    }
    expect(sent.text.match(/^: /gm)).toHaveLength(3);
    may = false;
    stream.push({ kind: "sites" });
    clock.advance(15_000);
    await settle();
    expect(sent.ended).toBe(1);
    expect(clock.pending).toEqual([]);
    const { text } = sent;
    stream.push({ kind: "audit" });
    expect(sent.text).toBe(text);
  });

  it("ends where nobody can say whether the listener may, or nobody takes what is sent", async () => {
    const away = makeStream({ allowed: () => Promise.reject(new Error("no database")) });
    away.clock.advance(15_000);
    await away.settle();
    expect(away.sent.ended).toBe(1);
    const full = makeStream({ waiting: 10_000_000 });
    full.stream.push({ kind: "sites" });
    expect(full.sent.ended).toBe(1);
    expect(full.clock.pending).toEqual([]);
  });
});

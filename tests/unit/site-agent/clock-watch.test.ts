import { QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import { readAgentState } from "@fedbaps/site-agent/agent-state.js";
import { AgentStateWriter } from "@fedbaps/site-agent/agent-state-writer.js";
import { watchClock } from "@fedbaps/site-agent/clock-watch.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const DAY = 86_400_000;

/** A machine whose clock can be set, and which runs a minute at a time. */
function machine(off: number, answers = true) {
  let time = 0;
  let set = off;
  const timers = new Set<{ at: number; callback: () => void }>();
  const lines: string[] = [];
  const codes: string[] = [];
  let asked = 0;
  let silent = !answers;
  const stop = watchClock({
    clock: {
      now: () => 1_000_000_000_000 + time + set,
      elapsed: () => time,
      after: (milliseconds, callback) => {
        const timer = { at: time + milliseconds, callback };
        timers.add(timer);
        return () => timers.delete(timer);
      },
    },
    ask: async () => {
      asked++;
      if (silent) throw new Error("no way");
      return 1_000_000_000_000 + time;
    },
    say: (line) => lines.push(line),
    failed: (code) => codes.push(code),
  });
  const minutes = async (count: number) => {
    for (let i = 0; i < count; i++) {
      time += 60_000;
      for (const timer of [...timers])
        if (timer.at <= time) {
          timers.delete(timer);
          timer.callback();
        }
      for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    }
  };
  return {
    lines,
    codes,
    minutes,
    stop,
    asked: () => asked,
    setBy: (by: number) => {
      set += by;
    },
    silent: (yes: boolean) => {
      silent = yes;
    },
  };
}

describe("a clock that is off", () => {
  it.each([
    [DAY, "24.0 h ahead of"],
    [-DAY, "24.0 h behind"],
  ])("by a day is told once, in one line with what to do", async (off, words) => {
    const { minutes, lines, codes } = machine(off);
    await minutes(600);
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^this machine's clock is ${words}[^\n]*CLOCK_OFF[^\n]*NTP`)),
    ]);
    expect(codes).toEqual(["CLOCK_OFF"]);
  });

  it("while the agent runs is noticed within a minute, also when it is put right", async () => {
    const { minutes, lines, codes, setBy, asked } = machine(0);
    await minutes(5);
    expect([lines, asked()]).toEqual([[], 1]);
    setBy(-DAY);
    await minutes(2);
    expect(lines).toEqual([expect.stringContaining("24.0 h behind")]);
    setBy(DAY);
    await minutes(2);
    expect(lines.slice(1)).toEqual([expect.stringContaining("good enough again")]);
    expect([codes, asked()]).toEqual([["CLOCK_OFF"], 3]);
  });

  it("is looked for again where the coordinator did not answer, and not after the end", async () => {
    const { minutes, lines, silent, asked, stop, setBy } = machine(DAY, false);
    await minutes(9);
    expect([asked(), lines]).toEqual([1, []]);
    silent(false);
    await minutes(2);
    expect([asked(), lines.length]).toEqual([2, 1]);
    stop();
    setBy(DAY);
    await minutes(30);
    expect(asked()).toBe(2);
  });
});

describe("a clock that is set by a day, forward and back", () => {
  it.each([DAY, -DAY])(
    "spoils neither what black-box time is counted nor what the agent tells of itself",
    async (by) => {
      let set = 0;
      let time = 0;
      const due: (() => void)[] = [];
      const clock = {
        now: () => 1_000_000_000_000 + time + set,
        elapsed: () => time,
        after: (milliseconds: number, callback: () => void) => {
          if (milliseconds <= 1000) due.push(callback);
          return () => {};
        },
      };
      const meter = new QueryMeter(10, clock);
      await meter.count("train", 1, async () => {
        time += 250;
        set += by;
      });
      expect(meter.state.seconds).toBe(0.25);

      const home = new Home(await temporaryFolder());
      const writer = new AgentStateWriter({ home, clock, pid: 1 });
      writer.link("admitted");
      time += 1000;
      due.shift()?.();
      set += by;
      writer.failed("DISK_FULL");
      // Still due within a second, not after a day.
      expect(due).toHaveLength(1);
      await writer.stop();
      expect(await readAgentState(home)).toMatchObject({ lastError: { code: "DISK_FULL" } });
    },
  );
});

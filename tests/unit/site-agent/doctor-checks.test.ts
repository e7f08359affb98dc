import { type Check, ok, runChecks, warning } from "@fedbaps/site-agent/doctor/check.js";
import { describe, expect, it } from "@jest/globals";
import { SteppedClock } from "../../support/waiting-clocks.js";

const check = (name: string, look: Check["look"], seconds = 10): Check => ({ name, seconds, look });
const never = () => new Promise<never>(() => {});

describe("checks", () => {
  it("are all made, and told one by one, whatever each finds or throws", async () => {
    const told: string[] = [];
    const checks = [
      check("one", async () => ok("fine")),
      check("two", async () => {
        throw new Error("the disk is gone");
      }),
      check("three", async () => warning("old", "renew it")),
    ];
    const found = await runChecks(
      checks,
      { clock: new SteppedClock(), signal: new AbortController().signal },
      ({ name }) => told.push(name),
    );
    expect(told).toEqual(["one", "two", "three"]);
    expect(found).toEqual([
      { name: "one", state: "ok", message: "fine" },
      { name: "two", state: "failed", message: "the disk is gone" },
      { name: "three", state: "warning", message: "old", remedy: "renew it" },
    ]);
  });

  it("are not waited for beyond their time, and are told to stop", async () => {
    const clock = new SteppedClock();
    let stopped = false;
    const hanging = check("hangs", (signal) => {
      signal.addEventListener("abort", () => {
        stopped = true;
      });
      return never();
    });
    const running = runChecks(
      [hanging, check("next", async () => ok("fine"))],
      { clock, signal: new AbortController().signal },
      () => {},
    );
    clock.advance(10_000);
    expect(await running).toMatchObject([
      { name: "hangs", state: "failed", message: "no answer within 10 s" },
      { name: "next", state: "ok" },
    ]);
    expect(stopped).toBe(true);
    expect(clock.pending).toEqual([]);
  });

  it("end at once when the person stops them", async () => {
    const stop = new AbortController();
    const running = runChecks([check("hangs", never)], { clock: new SteppedClock(), signal: stop.signal }, () => {});
    stop.abort(new Error("stopped by hand"));
    await expect(running).rejects.toThrow("stopped by hand");
  });
});

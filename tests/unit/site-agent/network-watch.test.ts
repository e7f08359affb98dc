import { type NetworkChange, watchNetwork } from "@fedbaps/site-agent/network-watch.js";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { SteppedClock } from "../../support/waiting-clocks.js";

const MINUTE = 60_000;

describe("what the network watch notices", () => {
  let clock: SteppedClock;
  let addresses: string[];
  let seen: NetworkChange[];
  let stop: () => void;

  beforeEach(() => {
    clock = new SteppedClock(1_000_000);
    addresses = ["192.168.1.5", "10.8.0.2"];
    seen = [];
    stop = watchNetwork(
      clock,
      (change) => seen.push(change),
      () => addresses,
    );
  });

  const minutes = (count: number) => {
    for (let second = 0; second < count * 60; second++) clock.advance(1000);
  };

  it("nothing in a quiet hour", () => {
    minutes(60);
    expect(seen).toEqual([]);
  });

  it("sleep, once, by a timer that is very late; and goes on watching", () => {
    minutes(1);
    clock.advance(45 * MINUTE);
    minutes(5);
    expect(seen).toEqual(["woke"]);
    clock.advance(45 * MINUTE);
    minutes(1);
    expect(seen).toEqual(["woke", "woke"]);
  });

  it("no sleep in a machine that was merely busy, or whose clock was set back", () => {
    clock.advance(12_000);
    minutes(1);
    clock.advance(-6 * 60 * MINUTE);
    minutes(1);
    expect(seen).toEqual([]);
  });

  it("an address that goes with its VPN, and one that comes", () => {
    addresses = ["192.168.1.5"];
    minutes(1);
    expect(seen).toEqual(["address-gone"]);
    addresses = ["192.168.1.5", "10.8.0.9"];
    minutes(1);
    expect(seen).toEqual(["address-gone", "address-new"]);
    addresses = ["172.16.0.3"];
    minutes(1);
    expect(seen).toEqual(["address-gone", "address-new", "address-gone"]);
  });

  it("nothing once it is stopped", () => {
    stop();
    addresses = [];
    clock.advance(60 * MINUTE);
    expect(seen).toEqual([]);
    expect(clock.pending).toEqual([]);
  });
});

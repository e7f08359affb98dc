import { networkInterfaces } from "node:os";
import type { Clock } from "@fedbaps/core/common/clock.js";

/** `woke`: the machine was asleep. `address-gone`, `address-new`: a VPN, a cable or a wireless network changed. */
export type NetworkChange = "woke" | "address-gone" | "address-new";

const TICK_MS = 5000;
/** A timer that is so late was not merely busy. */
const ASLEEP_MS = 15_000;

/** This machine's addresses that lead anywhere: without loopback and what only the next cable sees. */
export function localAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:") && !address.startsWith("169.254."))
    .map(({ address }) => address);
}

/**
 * Looks every five seconds whether the machine slept or its addresses changed: TCP hears of neither, and a link that went
 * with them is only missed when a ping stays out. A clock that was set forward looks like sleep; what follows costs little.
 * @returns the stop
 */
export function watchNetwork(
  clock: Clock,
  changed: (change: NetworkChange) => void,
  addresses: () => readonly string[] = localAddresses,
): () => void {
  let known = new Set(addresses());
  let cancel = () => {};
  const tick = (expected: number) => {
    cancel = clock.after(TICK_MS, () => {
      const late = clock.now() - expected;
      const now = new Set(addresses());
      const gone = [...known].some((address) => !now.has(address));
      const fresh = [...now].some((address) => !known.has(address));
      known = now;
      tick(clock.now() + TICK_MS);
      if (late > ASLEEP_MS) changed("woke");
      else if (gone) changed("address-gone");
      else if (fresh) changed("address-new");
    });
  };
  tick(clock.now() + TICK_MS);
  return () => cancel();
}

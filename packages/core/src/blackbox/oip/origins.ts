import { parseSpec } from "../spec.js";
import { parseAddress } from "./address.js";

/**
 * The servers on other machines that a black box sends pictures to; empty where they stay on this one.
 * @param text a spec. @throws BlackBoxError BLACKBOX_UNKNOWN
 */
export function remoteOrigins(text: string): string[] {
  const { provider, places } = parseSpec(text);
  if (provider !== "oip") return [];
  const remote = places.map(parseAddress).filter(({ loopback }) => !loopback);
  return [...new Set(remote.map(({ origin }) => origin))];
}

import { isIP } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@fedbaps/core/common/errors.js";

export const VERSION = "0.1.0";
export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_PORT = 8470;

/** How long an invite code can be used, unless something else is asked for. */
export const DEFAULT_INVITE_HOURS = 7 * 24;
export const MAX_INVITE_HOURS = 30 * 24;
/** After so long a site should make new keys. */
export const KEY_AGE_DAYS = 365;
/** How long a connection may take to say who it is. */
export const AUTH_MILLISECONDS = 10_000;
/** How many connections at once may be about to say who they are. */
export const MAX_STRANGERS = 50;
/** About how many bytes of sums one page of a study's history holds. */
export const HISTORY_PAGE_BYTES = 8_000_000;

export function defaultHome(): string {
  return join(homedir(), ".fedbaps-coordinator");
}

export function adminTokenFile(home: string): string {
  return join(home, "admin-token");
}

/** Whether only this machine can be meant. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * @param safe whether the link is by TLS, or plain HTTP was asked for.
 * @throws UsageError for plain HTTP that others on the network could listen to
 */
export function checkListen(host: string, port: number, safe: boolean): void {
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new UsageError(`--port must be 0 to 65535, not ${port}`);
  if (!isLoopback(host) && !safe)
    throw new UsageError(
      `plain HTTP on ${host} can be read by others on the network; give --tls-cert and --tls-key, put a TLS proxy before 127.0.0.1, or add --insecure-http`,
    );
}

/** @throws UsageError for what is no address or network of a proxy */
export function checkProxies(addresses: readonly string[]): readonly string[] {
  for (const address of addresses) {
    const [host, bits, ...more] = address.split("/");
    const most = isIP(host) === 4 ? 32 : isIP(host) === 6 ? 128 : -1;
    const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (!(length >= 0 && length <= most) || more.length > 0)
      throw new UsageError(`--trust-proxy ${address} is no address; write 10.0.0.7, or a network as 10.0.0.0/24`);
  }
  return addresses;
}

/** The address under which this machine reaches a server that listens on `host`. */
export function urlOf(host: string, port: number, secure = false): string {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `${secure ? "https" : "http"}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}

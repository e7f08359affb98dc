import { BlockList, isIP } from "node:net";
import { UsageError } from "@fedbaps/core/common/errors.js";

/** A proxy that carries the connection to the coordinator. */
export interface WebProxy {
  /** Scheme http or https; with user name and password, where they were given: never show it, see `shownProxy`. */
  readonly url: URL;
  /** Who says so: `site.yaml`, or the name of a variable. */
  readonly from: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Which proxy leads to `target`. `proxy` in site.yaml decides alone; without it the variables that other programs go by do:
 * HTTPS_PROXY (for https), HTTP_PROXY (for http), ALL_PROXY and NO_PROXY, the lower-case names first, as curl reads them.
 * This machine itself is never asked for by way of a proxy. NO_PROXY names hosts (and so their subdomains), addresses,
 * blocks of addresses such as 10.0.0.0/8, each with or without a port, or `*`. Written here because the usual libraries
 * read the process's own environment and know no blocks.
 * @param configured `proxy` of site.yaml; "none" for no proxy at all
 * @throws UsageError for what is no proxy's address; the line does not repeat the address, which may hold a password
 */
export function chooseProxy(target: URL, env: Environment, configured?: string): WebProxy | undefined {
  const host = bare(target.hostname);
  if (isLoopback(host)) return undefined;
  if (configured !== undefined)
    return configured === "none" ? undefined : { url: proxyUrl(configured, "site.yaml"), from: "site.yaml" };
  const own = target.protocol === "https:" ? "https_proxy" : "http_proxy";
  const from = [own, own.toUpperCase(), "all_proxy", "ALL_PROXY"].find((name) => env[name]);
  if (from === undefined || isExcepted(host, portOf(target), env.no_proxy || env.NO_PROXY || "")) return undefined;
  return { url: proxyUrl(env[from] ?? "", from), from };
}

/** The address of a proxy as people and files may see it: without user name and password. */
export function shownProxy({ url }: WebProxy): string {
  return url.origin;
}

/** The value of a Proxy-Authorization header (RFC 7617), where the address holds a user name. */
export function proxyAuthorization({ url }: WebProxy): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
}

/** Whether a host is this machine itself. @param host without brackets */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function proxyUrl(text: string, from: string): URL {
  const given = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const scheme = /^[a-z0-9+.-]+(?=:\/\/)/i.exec(given)?.[0].toLowerCase();
  if (scheme !== "http" && scheme !== "https")
    throw new UsageError(`${from} names a proxy of the kind ${scheme}; only http:// and https:// proxies can be used`);
  if (!url || url.hostname === "")
    throw new UsageError(
      `${from} is no address of a proxy; write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT`,
    );
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new UsageError(`${from}: write a % in the proxy's user name or password as %25`);
  }
  return url;
}

function isExcepted(host: string, port: number, noProxy: string): boolean {
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== "" && excepts(entry, host, port));
}

function excepts(entry: string, host: string, port: number): boolean {
  if (entry === "*") return true;
  const [name, onlyPort] = splitPort(entry);
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (isIP(host) !== 0) return holds(name, host);
  const suffix = name.replace(/^\*?\./, "");
  return host === suffix || host.endsWith(`.${suffix}`);
}

/** Whether an address is, or lies in, what NO_PROXY says. */
function holds(entry: string, address: string): boolean {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  const [network, bits] = entry.split("/");
  if (isIP(network) !== isIP(address)) return false;
  const list = new BlockList();
  const longest = family === "ipv6" ? 128 : 32;
  const prefix = bits === undefined ? longest : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > longest) return false;
  list.addSubnet(network, prefix, family);
  return list.check(address, family);
}

function splitPort(entry: string): [string, number | undefined] {
  const bracketed = /^\[(.*)\](?::(\d+))?$/.exec(entry);
  const plain = bracketed ?? /^([^:]*):(\d+)$/.exec(entry);
  if (!plain) return [entry, undefined];
  return [plain[1], plain[2] === undefined ? undefined : Number(plain[2])];
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "").toLowerCase();
}

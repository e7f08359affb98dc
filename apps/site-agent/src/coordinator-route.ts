import type { Agent } from "node:http";
import { resolve } from "node:path";
import { HttpsProxyAgent } from "https-proxy-agent";
import { type Dispatcher, ProxyAgent, Agent as UndiciAgent, fetch as undiciFetch } from "undici";
import { readAuthorities } from "./authorities.js";
import { chooseProxy, proxyAuthorization, type WebProxy } from "./proxy-choice.js";
import { readSiteSettings } from "./site-settings.js";

/** How this machine reaches the coordinator. */
export interface Route {
  readonly proxy?: WebProxy;
  /** All authorities that count, as PEM; without it those that Node knows. */
  readonly ca?: readonly string[];
}

/**
 * The way to `url`, by site.yaml and the environment.
 * @param home the folder with site.yaml. @throws UsageError for a faulty site.yaml, proxy or certificate file
 */
export async function readRoute(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<Route> {
  const settings = await readSiteSettings(home);
  const proxy = chooseProxy(new URL(url), env, settings?.proxy);
  const ca = await readAuthorities(env, settings?.ca && resolve(home, settings.ca));
  return { ...(proxy ? { proxy } : {}), ...(ca ? { ca } : {}) };
}

/** `fetch` that goes this way. Its connections end with its answers: questions over HTTP are few. */
export function routeFetch(route: Route): typeof fetch {
  const dispatcher = dispatcherFor(route);
  // Node's own fetch is an undici of another version, which takes no dispatcher of this one; what is used of both is alike.
  const send = undiciFetch as unknown as (url: string, init: object) => Promise<Response>;
  return (url, init) => send(String(url), { ...init, dispatcher });
}

function dispatcherFor({ proxy, ca }: Route): Dispatcher {
  const tls = ca ? { ca: [...ca] } : {};
  // A kept connection would keep a short command alive.
  const common = { keepAliveTimeout: 1, keepAliveMaxTimeout: 1 };
  if (!proxy) return new UndiciAgent({ ...common, connect: tls });
  const token = proxyAuthorization(proxy);
  return new ProxyAgent({
    ...common,
    uri: proxy.url.origin,
    ...(token ? { token } : {}),
    // Plain http, too: many proxies let only CONNECT through to other ports.
    proxyTunnel: true,
    requestTls: tls,
    proxyTls: tls,
  });
}

/** What Socket.IO's client needs to go this way. */
export interface SocketRoute {
  /** A `node:http` agent: the types of Socket.IO's client know only the browser's. */
  readonly agent?: string;
  readonly ca?: string[];
}

/** @param refused is told the status with which the proxy refuses a tunnel (RFC 9110, section 9.3.6). */
export function socketRoute({ proxy, ca }: Route, refused: (status: number) => void): SocketRoute {
  const tls = ca ? { ca: [...ca] } : {};
  if (!proxy) return tls;
  const authorization = proxyAuthorization(proxy);
  const agent = new HttpsProxyAgent(proxy.url.origin, {
    ...tls,
    headers: authorization ? { "Proxy-Authorization": authorization } : {},
  });
  agent.on("proxyConnect", ({ statusCode }: { statusCode: number }) => {
    if (statusCode !== 200) refused(statusCode);
  });
  return { ...tls, agent: agent as Agent as unknown as string };
}

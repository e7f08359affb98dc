import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { TLSSocket } from "node:tls";
import { type Route, socketRoute } from "../coordinator-route.js";

/** What a web server shows of itself without being asked anything of worth. */
export interface WebProbe {
  readonly status: number;
  /** Its clock by the Date header (RFC 9110, section 6.6.1), in milliseconds since the epoch; whole seconds. */
  readonly date: number | undefined;
  /** From asking to answer. */
  readonly milliseconds: number;
  readonly certificate: { readonly validUntil: number; readonly issuer: string } | undefined;
}

const MOST_BYTES = 65_536;

/**
 * Asks `url` once, by the same way as the agent. Reads the head only.
 * @throws what the system says, and PROXY_STATUS with `refusedWith` when the proxy makes no tunnel
 */
export function probeWeb(url: string, route: Route, now: () => number, signal: AbortSignal): Promise<WebProbe> {
  let refusedWith: number | undefined;
  const { agent, ca } = socketRoute(route, (status) => {
    refusedWith = status;
  });
  const begun = now();
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(refusedWith === undefined ? error : new ProxyStatus(refusedWith));
    const options = { signal, agent: agent ?? false, ...(ca ? { ca } : {}) };
    const asked = send(url, options as object, (response: IncomingMessage) => {
      if (refusedWith !== undefined) return fail(undefined);
      const date = Date.parse(response.headers.date ?? "");
      resolve({
        status: response.statusCode ?? 0,
        date: Number.isNaN(date) ? undefined : date,
        milliseconds: now() - begun,
        certificate: certificateOf(response.socket as Partial<TLSSocket>),
      });
      let read = 0;
      response.on("data", (chunk: Buffer) => {
        read += chunk.length;
        if (read > MOST_BYTES) response.destroy();
      });
    });
    asked.on("error", fail);
    asked.end();
  });
}

/** The proxy made no tunnel. */
export class ProxyStatus extends Error {
  constructor(readonly refusedWith: number) {
    super(`the proxy answered ${refusedWith}`);
  }
}

function certificateOf(socket: Partial<TLSSocket>): WebProbe["certificate"] {
  const shown = socket.getPeerCertificate?.();
  if (!shown?.valid_to) return undefined;
  const { O, CN } = shown.issuer;
  return { validUntil: Date.parse(shown.valid_to), issuer: [O ?? CN].flat()[0] ?? "unknown" };
}

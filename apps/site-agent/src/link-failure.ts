/** Why no connection came about, as codes that a log may hold and `adviceOn` explains. */
export type LinkFailure =
  | "COORDINATOR_UNREACHABLE"
  | "DNS_FAILED"
  | "TLS_UNTRUSTED"
  | "TLS_EXPIRED"
  | "TLS_WRONG_HOST"
  | "TLS_FAILED"
  | "PROXY_AUTH"
  | "PROXY_REFUSED"
  | "PROXY_UNREACHABLE";

export interface FailureDescription {
  readonly code: LinkFailure;
  /** The system's or the library's own word for it: SELF_SIGNED_CERT_IN_CHAIN, ECONNREFUSED, HTTP 403. */
  readonly detail: string;
}

const UNTRUSTED = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_UNTRUSTED",
  "INVALID_CA",
]);
const EXPIRED = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);
const DNS = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA", "EAI_NONAME"]);

/**
 * What an error of `fetch`, of a socket or of the WebSocket says at its core: these wrap each other.
 * @param proxy whether the connection was to go through a proxy, and the status with which that refused, if it did
 */
export function describeFailure(
  error: unknown,
  proxy?: { readonly refusedWith?: number | undefined },
): FailureDescription {
  const causes = causesOf(error);
  const refusedWith = proxy?.refusedWith ?? firstMatch(causes, /^Proxy response \((\d{3})\)/);
  if (refusedWith === 407) return { code: "PROXY_AUTH", detail: "HTTP 407" };
  if (refusedWith !== undefined) return { code: "PROXY_REFUSED", detail: `HTTP ${refusedWith}` };
  const detail = codeIn(causes) ?? causes.at(-1)?.message ?? String(error);
  if (DNS.has(detail)) return { code: proxy ? "PROXY_UNREACHABLE" : "DNS_FAILED", detail };
  if (UNTRUSTED.has(detail)) return { code: "TLS_UNTRUSTED", detail };
  if (EXPIRED.has(detail)) return { code: "TLS_EXPIRED", detail };
  if (detail === "ERR_TLS_CERT_ALTNAME_INVALID") return { code: "TLS_WRONG_HOST", detail };
  if (/^(ERR_SSL_|EPROTO$|ERR_TLS_)/.test(detail)) return { code: "TLS_FAILED", detail };
  // What is dialled with a proxy is the proxy: how it fares further it says by a status.
  if (proxy && causes.some((cause) => cause.syscall === "connect")) return { code: "PROXY_UNREACHABLE", detail };
  return { code: "COORDINATOR_UNREACHABLE", detail };
}

/** What the failure is and what to do, in one line. @param host host and port of the coordinator @param proxy without credentials */
export function failureLine({ code, detail }: FailureDescription, host: string, proxy?: string): string {
  const through = proxy === undefined ? "" : ` through the proxy ${proxy}`;
  switch (code) {
    case "DNS_FAILED":
      return `the name ${host} cannot be resolved (${detail}): check the address and this machine's DNS; where only a proxy reaches the outside, name it with proxy: in site.yaml or HTTPS_PROXY`;
    case "TLS_UNTRUSTED":
      return `the certificate of ${host} is not signed by an authority that this machine knows (${detail}): give your hospital's CA with ca: in site.yaml${proxy === undefined ? "" : `; the proxy ${proxy} may open TLS`}`;
    case "TLS_EXPIRED":
      return `the certificate of ${host} is not valid today (${detail}): check this machine's clock, then tell the study lead`;
    case "TLS_WRONG_HOST":
      return `the certificate of ${host} is for another host (${detail}): check the address`;
    case "TLS_FAILED":
      return `no TLS connection to ${host}${through} (${detail}): does it speak https on this port?`;
    case "PROXY_AUTH":
      return `the proxy ${proxy ?? ""} wants a user name and password: give them as http://USER:PASSWORD@HOST:PORT with proxy: in site.yaml or in HTTPS_PROXY`;
    case "PROXY_REFUSED":
      return `the proxy ${proxy ?? ""} does not let this machine through to ${host} (${detail}): ask your IT to allow it`;
    case "PROXY_UNREACHABLE":
      return `the proxy ${proxy ?? ""} cannot be reached (${detail}): check proxy: in site.yaml or HTTPS_PROXY`;
    case "COORDINATOR_UNREACHABLE":
      return `cannot reach ${host}${through} (${detail}): check the address and the network`;
  }
}

/** What is read of an error. */
interface Cause {
  readonly message: string;
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly description?: { readonly error?: unknown };
}

/** The error and what it wraps, outermost first: `cause` of fetch, `errors` of several addresses, `description` of Engine.IO. */
function causesOf(error: unknown): Cause[] {
  const found: Cause[] = [];
  const visit = (value: unknown) => {
    if (!isCause(value) || found.includes(value)) return;
    found.push(value);
    if (Array.isArray(value.errors)) for (const one of value.errors.slice(0, 4)) visit(one);
    visit(value.cause);
    visit(value.description?.error);
  };
  visit(error);
  return found;
}

function isCause(value: unknown): value is Cause {
  return typeof value === "object" && value !== null && typeof (value as { message?: unknown }).message === "string";
}

/** The innermost code that says something. */
function codeIn(causes: readonly Cause[]): string | undefined {
  const codes = causes.map((cause) => cause.code);
  return codes.filter((code): code is string => typeof code === "string" && code !== "UND_ERR").at(-1);
}

function firstMatch(causes: readonly Cause[], pattern: RegExp): number | undefined {
  for (const { message } of causes) {
    const found = pattern.exec(message);
    if (found) return Number(found[1]);
  }
  return undefined;
}

import { messageOf } from "../../common/errors.js";
import { BlackBoxError } from "../model.js";
import { parseRetryAfter, TransientFailure } from "./retry.js";
import { OIP_TOKEN_VARIABLE } from "./settings.js";

/** Our own codes for what undici's parser of HTTP reports, whose errors come without. */
const CUT_OFF = "the answer broke off";
const NOT_HTTP = "the answer is not HTTP";

/** The connection was not to be had, or broke; it may work the next time. */
const PASSING: readonly string[] = [
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_SOCKET",
  // The body ended before its end.
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  CUT_OFF,
];
const PASSING_STATUS: readonly number[] = [429, 502, 503, 504];

/** Codes of OpenSSL's certificate checks and of Node's check of the host name. */
const CERTIFICATE =
  /CERT|UNABLE_TO_(VERIFY|GET|DECRYPT|DECODE)|ALTNAME|HOSTNAME_MISMATCH|CRL|INVALID_CA|INVALID_PURPOSE/;

/**
 * What an error of the HTTP client means: a failure that may pass, or the end.
 * @param where what was asked.
 */
export function connectionFailure(error: unknown, where: string): TransientFailure | BlackBoxError {
  const code = codeOf(error);
  const why = oneLine(messageOf(error)) || code;
  const cause = { cause: error };
  if (PASSING.includes(code))
    return new TransientFailure(why.includes(code) ? why : `${why} (${code})`, undefined, cause);
  if (CERTIFICATE.test(code) && !code.startsWith("ERR_SSL_")) {
    const advice = code.includes("ALTNAME")
      ? "it is for another host name: use the name that it was made for"
      : "if your own authority signed it, name that authority's certificate file in NODE_EXTRA_CA_CERTS";
    const message = `${where}: the server's certificate is not trusted (${code}); ${advice}`;
    return new BlackBoxError("BLACKBOX_REFUSED", message, {}, cause);
  }
  if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE")
    return new BlackBoxError("BLACKBOX_CONTRACT", `${where}: the answer is larger than any answer can be`, {}, cause);
  if (code === NOT_HTTP || code === "UND_ERR_HEADERS_OVERFLOW")
    return new BlackBoxError("BLACKBOX_CONTRACT", `${where}: ${NOT_HTTP} (${why})`, {}, cause);
  const advice =
    code === "ENOTFOUND"
      ? "there is no such host: check the address"
      : `no connection (${why}): check the address and its port`;
  return new BlackBoxError("BLACKBOX_UNREACHABLE", `${where}: ${advice}`, { attempts: 1 }, cause);
}

/** An attempt for several addresses of one host fails with all their errors in one. */
function codeOf(error: unknown): string {
  const { name, code, cause, errors } = error as { name?: string; code?: unknown; cause?: unknown; errors?: unknown };
  if (name === "HTTPParserError") return /EOF/.test(messageOf(error)) ? CUT_OFF : NOT_HTTP;
  if (typeof code === "string") return code;
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
  return cause === undefined ? "unknown" : codeOf(cause);
}

/** An answer whose status is not 200. */
export interface Refusal {
  readonly status: number;
  /** What the server wrote, without secrets. */
  readonly text: string;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  readonly tokenSent: boolean;
}

/**
 * What an answer of another status than 200 means.
 * @param now milliseconds since the epoch. @param where what was asked.
 */
export function statusFailure(refusal: Refusal, where: string, now: number): TransientFailure | BlackBoxError {
  const { status, text, retryAfter, tokenSent } = refusal;
  const said = `HTTP ${status}${text === "" ? "" : `, "${text}"`}`;
  const failed = (code: "BLACKBOX_REFUSED" | "BLACKBOX_FAILED" | "BLACKBOX_CONTRACT", what: string) =>
    new BlackBoxError(code, `${where}: ${what}`, { status });
  if (PASSING_STATUS.includes(status)) return new TransientFailure(said, parseRetryAfter(retryAfter, now));
  if (status >= 500) return failed("BLACKBOX_FAILED", `the server failed with ${said}`);
  if (status === 401 || status === 403) {
    const advice = tokenSent
      ? "it does not accept the token that was sent"
      : `no token was sent: give one by the setting token-file or the variable ${OIP_TOKEN_VARIABLE}`;
    return failed("BLACKBOX_REFUSED", `the server refused with ${said}; ${advice}`);
  }
  if (status === 404) return failed("BLACKBOX_REFUSED", `the server knows no such model or version: ${said}`);
  if (status === 413)
    return failed(
      "BLACKBOX_REFUSED",
      `the server refused with ${said}: send fewer images at once by the setting batch`,
    );
  if (status >= 400) return failed("BLACKBOX_REFUSED", `the server refused with ${said}`);
  if (status >= 300) {
    const target = refusal.location === undefined ? "" : ` to ${refusal.location}`;
    const message = `the server answered HTTP ${status}, a redirect${target}; redirects are not followed: name the final address`;
    return failed("BLACKBOX_REFUSED", message);
  }
  return failed("BLACKBOX_CONTRACT", `the server answered ${said} where 200 was expected`);
}

/** The server's own words out of an answer's body: its `error` (protocol), `message` or `detail`, else all of it. */
export function serverText(body: Uint8Array): string {
  const text = Buffer.from(body).toString("utf8");
  try {
    const value = JSON.parse(text) as Record<string, unknown> | null;
    const own = [value?.error, value?.message, value?.detail].find((part) => typeof part === "string");
    return typeof own === "string" ? own : text;
  } catch {
    return text;
  }
}

/**
 * Text of somebody else fit for a message: one line, nothing that steers a terminal, at most 200 characters.
 * @param secret what it must not show.
 */
export function oneLine(text: string, secret?: string): string {
  const line = text
    // Control and format characters (line separators and bidirectional overrides among them).
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  const safe = secret === undefined ? line : line.replaceAll(secret, "***");
  return safe.length > 200 ? `${safe.slice(0, 199)}…` : safe;
}

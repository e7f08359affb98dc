import type { IncomingHttpHeaders } from "node:http";
import { type Dispatcher, Pool } from "undici";
import type { Clock } from "../../common/clock.js";
import { BlackBoxError } from "../model.js";
import { connectionFailure, oneLine, serverText, statusFailure } from "./failures.js";
import { TransientFailure, withRetries } from "./retry.js";
import { Turns } from "./turns.js";

/** Bytes of an answer at most. */
const LARGEST_ANSWER = 2 ** 30;
/** Bytes of a refusal that are read at most, for its text. */
const LARGEST_REFUSAL = 2 ** 16;
const LONGEST_CONNECT_MS = 10_000;

export interface OipClientInit {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly token?: string | undefined;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Seconds that one request may take. */
  readonly timeout: number;
  /** How often a request that failed for a passing reason is sent again. */
  readonly retries: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Bytes of an answer at most; default 1 GiB. */
  readonly largestAnswer?: number;
}

export interface OipCall {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses beside 200 that are an answer and no failure. */
  readonly accept?: readonly number[];
  /** Instead of the client's. */
  readonly retries?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface OipAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/**
 * HTTP to one server: kept connections, bounded concurrency, time limits, and the retry rule. Certificates are always
 * checked, redirects never followed, and the token appears in no message.
 */
export class OipClient {
  readonly #init: OipClientInit;
  readonly #pool: Pool;
  readonly #turns: Turns;
  readonly #token: string | undefined;

  constructor({ token, ...init }: OipClientInit) {
    this.#init = init;
    this.#token = token;
    this.#turns = new Turns(init.concurrency);
    this.#pool = new Pool(init.origin, {
      connections: init.concurrency,
      pipelining: 1,
      // The limits on time are ours, on the given clock; only connecting, which may be tried again, has its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      // Written out, so that the environment cannot turn it off.
      connect: { rejectUnauthorized: true, timeout: Math.min(LONGEST_CONNECT_MS, init.timeout * 500) },
      maxResponseSize: init.largestAnswer ?? LARGEST_ANSWER,
    });
  }

  /**
   * Asks once, and again as the retry rule says. Callers beyond `concurrency` wait for their turn; the limit on time
   * begins when a request is sent.
   * @throws BlackBoxError BLACKBOX_UNREACHABLE, BLACKBOX_TIMEOUT, BLACKBOX_REFUSED, BLACKBOX_FAILED, BLACKBOX_CONTRACT;
   * the signal's reason when it is aborted, at once.
   */
  async call(call: OipCall): Promise<OipAnswer> {
    const where = `${call.method} ${this.#init.origin}${call.path}`;
    const { clock, random, retries } = this.#init;
    const done = await this.#turns.take(call.signal);
    try {
      const rule = { retries: call.retries ?? retries, clock, random };
      return await withRetries(() => this.#attempt(call, where), rule, where, call.signal);
    } finally {
      done();
    }
  }

  /** Ends all connections, used or not. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #attempt(call: OipCall, where: string): Promise<OipAnswer> {
    const { signal } = call;
    signal?.throwIfAborted();
    const { clock, timeout } = this.#init;
    const stop = new AbortController();
    let late = false;
    const cancel = clock.after(timeout * 1000, () => {
      late = true;
      stop.abort();
    });
    const abort = () => stop.abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await this.#exchange(call, where, stop.signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (late)
        throw new BlackBoxError(
          "BLACKBOX_TIMEOUT",
          `${where}: no answer within ${timeout} s (setting timeout). It was not asked again, because the server may have done the work; set a longer timeout, or fewer images at once by batch`,
        );
      if (error instanceof BlackBoxError || error instanceof TransientFailure) throw error;
      throw connectionFailure(error, where);
    } finally {
      cancel();
      signal?.removeEventListener("abort", abort);
    }
  }

  async #exchange(call: OipCall, where: string, signal: AbortSignal): Promise<OipAnswer> {
    const { method, path, headers, body: content, accept = [] } = call;
    const authorization = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    const answer = await this.#pool.request({
      method,
      path,
      headers: { ...headers, ...authorization },
      body: content ?? null,
      signal,
    });
    const { statusCode: status, body } = answer;
    if (status === 200) return { status, headers: answer.headers, body: await body.bytes() };
    const start = await beginning(body, signal);
    if (accept.includes(status)) return { status, headers: answer.headers, body: start };
    const refusal = {
      status,
      text: oneLine(serverText(start), this.#token),
      retryAfter: one(answer.headers["retry-after"]),
      location: this.#target(one(answer.headers.location)),
      tokenSent: this.#token !== undefined,
    };
    throw statusFailure(refusal, where, this.#init.clock.now());
  }

  /** Where a redirect points, without what a URL may hold of secrets. */
  #target(location: string | undefined): string | undefined {
    if (location === undefined || !URL.canParse(location, this.#init.origin)) return undefined;
    const { origin, pathname } = new URL(location, this.#init.origin);
    return oneLine(`${origin}${pathname}`, this.#token);
  }
}

/** The first bytes of a refusal. Its status says all that matters: a body that breaks off is good enough. */
async function beginning(body: Dispatcher.ResponseData["body"], signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= LARGEST_REFUSAL) break;
    }
  } catch (error) {
    if (signal.aborted) throw error;
  }
  return Buffer.concat(chunks);
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

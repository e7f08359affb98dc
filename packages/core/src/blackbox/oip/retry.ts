import type { Clock } from "../../common/clock.js";
import { BlackBoxError } from "../model.js";

const FIRST_STEP_MS = 250;
const LONGEST_STEP_MS = 30_000;
/** A server that wants more patience than this is better asked again by a person. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** A request failed for a reason that may pass; nothing else is sent again. */
export class TransientFailure extends Error {
  /** @param retryAfterMs how long the server asked to be left alone. */
  constructor(
    message: string,
    readonly retryAfterMs?: number | undefined,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = "TransientFailure";
  }
}

/** When and how often a request is sent again. */
export interface RetryRule {
  /** How often at most, after the first time. */
  readonly retries: number;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Milliseconds to wait after the failure numbered `failure` (0 the first): a step of 250 ms that doubles up to 30 s,
 * drawn uniformly from its upper half so that sites which failed together do not come back together.
 */
export function backOff(failure: number, random: () => number): number {
  const step = Math.min(FIRST_STEP_MS * 2 ** failure, LONGEST_STEP_MS);
  return step / 2 + (step / 2) * random();
}

/**
 * Milliseconds that a `Retry-After` header asks for (RFC 9110, section 10.2.3: seconds, or a date).
 * @param now milliseconds since the epoch. @returns undefined where there is none or it cannot be read.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // `Date.parse` alone would take "-1" and the like for years.
  const date = /^[A-Z][a-z]{2,8},? .*\d{2}:\d{2}:\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * Runs `attempt` until it succeeds, fails for a reason that does not pass, or has been repeated as often as the rule allows.
 * @param where what was asked, for messages.
 * @throws BlackBoxError BLACKBOX_UNREACHABLE with `attempts` in its fields; what `attempt` throws; the signal's reason.
 */
export async function withRetries<Answer>(
  attempt: () => Promise<Answer>,
  { retries, clock, random }: RetryRule,
  where: string,
  signal?: AbortSignal,
): Promise<Answer> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      const asked = error.retryAfterMs ?? 0;
      if (attempts > retries) throw unreachable(where, attempts, error);
      if (asked > LONGEST_RETRY_AFTER_MS) {
        const wish = `; it asks to wait ${Math.ceil(asked / 1000)} s, longer than the ${LONGEST_RETRY_AFTER_MS / 1000} s that are waited`;
        throw unreachable(where, attempts, error, wish);
      }
      await pause(Math.max(backOff(attempts - 1, random), asked), clock, signal);
    }
  }
}

function unreachable(where: string, attempts: number, last: TransientFailure, wish = ""): BlackBoxError {
  const times = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
  const message = `${where}: no answer in ${times}, the last: ${last.message}${wish}. Check that the server runs, and try again`;
  return new BlackBoxError("BLACKBOX_UNREACHABLE", message, { attempts }, { cause: last });
}

/** Waits on the clock. @throws the signal's reason as soon as it is aborted. */
export function pause(milliseconds: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(milliseconds, () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    signal?.addEventListener("abort", stop, { once: true });
  });
}

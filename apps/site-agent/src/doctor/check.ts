import type { Clock } from "@fedbaps/core/common/clock.js";
import { messageOf } from "@fedbaps/core/common/errors.js";

/** `warning`: works, or need not work yet, but somebody should look. */
export type CheckState = "ok" | "warning" | "failed";

/** What one check found, in plain words. */
export interface Finding {
  readonly state: CheckState;
  readonly message: string;
  /** What to do; where the message does not say it. */
  readonly remedy?: string;
}

export interface Check {
  readonly name: string;
  /** Longer than this it is not waited for. */
  readonly seconds: number;
  /** What it throws is a failure, in its own words. */
  look(signal: AbortSignal): Promise<Finding>;
}

export type NamedFinding = Finding & { readonly name: string };

export const ok = (message: string): Finding => ({ state: "ok", message });
export const warning = (message: string, remedy?: string): Finding => finding("warning", message, remedy);
export const failed = (message: string, remedy?: string): Finding => finding("failed", message, remedy);

function finding(state: CheckState, message: string, remedy: string | undefined): Finding {
  return remedy === undefined ? { state, message } : { state, message, remedy };
}

/**
 * Makes all checks, one after another, whatever each finds.
 * @param found is told each as it is known
 * @throws the signal's reason when it is aborted
 */
export async function runChecks(
  checks: readonly Check[],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  found: (finding: NamedFinding) => void,
): Promise<NamedFinding[]> {
  const all: NamedFinding[] = [];
  for (const check of checks) {
    const finding = { name: check.name, ...(await within(check, clock, signal)) };
    signal.throwIfAborted();
    all.push(finding);
    found(finding);
  }
  return all;
}

async function within({ look, seconds }: Check, clock: Clock, signal: AbortSignal): Promise<Finding> {
  const stop = new AbortController();
  let cancel = () => {};
  const limit = new Promise<Finding>((resolve) => {
    const end = (finding: Finding) => {
      resolve(finding);
      stop.abort();
    };
    cancel = clock.after(seconds * 1000, () => end(failed(`no answer within ${seconds} s`)));
    stop.signal.addEventListener("abort", () => resolve(failed("stopped")), { once: true });
  });
  const abort = () => stop.abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([look(stop.signal).catch((error: unknown) => failed(messageOf(error))), limit]);
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
  }
}

import type { Leave, QueryGate, Question } from "@fedbaps/core/blackbox/gate.js";
import { checkOrigin } from "@fedbaps/core/blackbox/oip/address.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { AgentError } from "../errors.js";
import { ruleText } from "../policy.js";
import type { PolicySource } from "./live-policy.js";
import { LocalTime } from "./local-time.js";
import { QueryLedger } from "./query-ledger.js";
import { quietAt } from "./quiet-hours.js";

/** Why the black box may not be asked now, and when it may be again. */
export interface Pause {
  readonly reason: "quiet-hours" | "daily-budget";
  /** Milliseconds since the epoch. */
  readonly until: number;
  /** For a person: the rule with its line, and the time. */
  readonly line: string;
}

export interface PolicyGateInit {
  readonly policy: PolicySource;
  readonly clock: Clock;
  /** Where queries are counted; undefined where there is no home to count in. */
  readonly ledgerFolder: string | undefined;
  /** Waits for a while, or throws. Called again as long as the pause lasts. */
  pause(pause: Pause, signal?: AbortSignal): Promise<void>;
  /** Called when a question is let in after a pause. */
  over?(): void;
}

/** The site's policy in front of the black box: quiet hours, queries of the day, hosts. Asked before every call. */
export class PolicyGate implements QueryGate {
  #ledger: { readonly zone: string | undefined; readonly time: LocalTime; readonly book: QueryLedger } | undefined;

  constructor(private readonly init: PolicyGateInit) {}

  /** @throws BlackBoxError BLACKBOX_REFUSED; AgentError POLICY_REFUSED where one call is more than a day's queries */
  async enter({ queries, remote }: Question, signal?: AbortSignal): Promise<Leave> {
    const { policy, pause, over } = this.init;
    for (let paused = false; ; paused = true) {
      await policy.refresh();
      signal?.throwIfAborted();
      if (remote !== undefined) checkOrigin(remote, policy.rules.blackboxHosts);
      const found = this.quiet() ?? (await this.#book(queries));
      if ("leave" in found) {
        if (paused) over?.();
        return found.leave;
      }
      await pause(found, signal);
    }
  }

  /** The quiet hours that it is now, and their end. */
  quiet(): Pause | undefined {
    const { clock, policy } = this.init;
    const { rules } = policy;
    if (rules.quietHours.length === 0) return undefined;
    const { time } = this.#counting();
    const now = clock.now();
    const window = quietAt(rules.quietHours, time.moment(now));
    if (!window) return undefined;
    const until = time.firstMinute(now, (moment) => !quietAt(rules.quietHours, moment)) ?? now;
    const line = `${ruleText(rules, "quietHours")}: the black box is left alone until ${time.text(until)}`;
    return { reason: "quiet-hours", until, line };
  }

  async #book(queries: number): Promise<Pause | { leave: Leave }> {
    const { clock, policy, ledgerFolder } = this.init;
    const { rules } = policy;
    const { time, book } = this.#counting();
    if (ledgerFolder === undefined) return { leave: async () => {} };
    if (rules.budgetPerDay === "none") {
      // Nothing hangs on the count then: a home that cannot be written to must not keep anybody from looking.
      const booked = await book.book(queries, Number.POSITIVE_INFINITY).catch(() => undefined);
      return { leave: async (answered) => void (answered || !booked || (await book.cancel(booked).catch(() => {}))) };
    }
    if (queries > rules.budgetPerDay)
      throw new AgentError(
        "POLICY_REFUSED",
        `${ruleText(rules, "budgetPerDay")}, but one call of the black box takes ${queries} queries: give more, or set a smaller batch`,
      );
    const booked = await book.book(queries, rules.budgetPerDay);
    if (booked) return { leave: async (answered) => void (answered || (await book.cancel(booked).catch(() => {}))) };
    const until = time.nextDay(clock.now());
    const line = `${ruleText(rules, "budgetPerDay")}: ${await book.today()} queries were asked today; it goes on ${time.text(until)}`;
    return { reason: "daily-budget", until, line };
  }

  /** The calendar and the count, anew where the policy names another zone. */
  #counting() {
    const { clock, policy, ledgerFolder = "" } = this.init;
    const zone = policy.rules.timeZone;
    if (!this.#ledger || this.#ledger.zone !== zone) {
      const time = new LocalTime(zone);
      this.#ledger = { zone, time, book: new QueryLedger({ folder: ledgerFolder, time, now: () => clock.now() }) };
    }
    return this.#ledger;
  }
}

/** For a command: it stops, and says what to do. @throws AgentError QUIET_HOURS, DAILY_BUDGET */
export async function stopAtPause({ reason, line }: Pause): Promise<never> {
  throw new AgentError(
    reason === "quiet-hours" ? "QUIET_HOURS" : "DAILY_BUDGET",
    `${line}. Give the same command again then, or change policy.yaml`,
  );
}

/** A changed policy is heard of after so long. */
const LOOK_MS = 5000;

/** For the agent: waits, looking now and then whether the policy has changed. @throws the signal's reason */
export function waitOutPause(clock: Clock): (pause: Pause, signal?: AbortSignal) => Promise<void> {
  return ({ until }, signal) =>
    new Promise<void>((resolve, reject) => {
      const stop = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = clock.after(Math.min(LOOK_MS, Math.max(1, until - clock.now())), () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      });
      signal?.addEventListener("abort", stop, { once: true });
    });
}

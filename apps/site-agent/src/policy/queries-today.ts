import type { Home } from "../home.js";
import { type Policy, readPolicy } from "../policy.js";
import { LocalTime } from "./local-time.js";
import { ledgerFolder } from "./opening.js";
import { QueryLedger } from "./query-ledger.js";

/** Black-box queries that all programs on a home asked today, and how many its policy gives for a day. */
export interface QueriesToday {
  readonly queries: number;
  /** null: no limit, or a policy that cannot be read. */
  readonly limit: number | null;
}

/** @param now milliseconds since the epoch */
export async function queriesToday(home: Home, now: number): Promise<QueriesToday> {
  const policy: Partial<Policy> = await readPolicy(home).catch(() => ({}));
  const { budgetPerDay = "none" } = policy;
  const ledger = new QueryLedger({ folder: ledgerFolder(home), time: new LocalTime(policy.timeZone), now: () => now });
  return { queries: await ledger.today(), limit: budgetPerDay === "none" ? null : budgetPerDay };
}

import { checkOrigin } from "@fedbaps/core/blackbox/oip/address.js";
import { messageOf } from "@fedbaps/core/common/errors.js";
import { requiredSites, type StudySpec } from "@fedbaps/core/wire/study.js";
import { z } from "zod";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { LocalTime } from "./policy/local-time.js";
import { checkWeek, parseQuietWindow, type QuietWindow } from "./policy/quiet-hours.js";
import { parseYamlText, readIfThere } from "./yaml-file.js";

export { POLICY_TEXT } from "./policy/text.js";

/** Below three, a site could read another's update off the sum. */
const SMALLEST_COHORT = 3;
const DAILY = 'give "none" or a whole number of at least 1';

const quietHoursSchema = z
  .union([z.string(), z.array(z.string())], 'give "none", one time as "22:00-06:00", or a list of them')
  .transform((given, context): readonly QuietWindow[] => {
    if (given === "none") return [];
    try {
      const windows = (typeof given === "string" ? [given] : given).map(parseQuietWindow);
      checkWeek(windows);
      return windows;
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error) });
      return z.NEVER;
    }
  });

export const policySchema = z.strictObject({
  minCohort: z
    .number()
    .int()
    .min(
      SMALLEST_COHORT,
      `must be ${SMALLEST_COHORT} or more: with fewer, another site's update could be read off the sum`,
    )
    .max(200)
    .default(SMALLEST_COHORT),
  requirePinnedRoster: z.boolean("give true or false").default(true),
  budgetPerStudy: z.number().int().min(1).default(20_000),
  budgetPerDay: z
    .union([z.literal("none"), z.number(DAILY).int(DAILY).min(1, DAILY).max(Number.MAX_SAFE_INTEGER, DAILY)], DAILY)
    .default("none"),
  metrics: z.enum(["none", "cohort", "own"]).default("cohort"),
  allowInsecureHttp: z.array(z.string().min(1)).default([]),
  blackboxHosts: z.array(z.string().min(1)).default([]),
  quietHours: quietHoursSchema.default([]),
  timeZone: z.string().refine(isTimeZone, "is no time zone; write it as Europe/Berlin").optional(),
  maxThreads: z.number().int().min(1).max(256).optional(),
});

type Rules = z.infer<typeof policySchema>;

/** What this site allows, whatever a coordinator asks for. */
export type Policy = Rules & {
  /** The line of each key in the file, from 1; a key that is not there has its default. */
  readonly lines?: Readonly<Record<string, number>>;
};

/** @returns the home's policy, the defaults where it has none. @throws UsageError with every fault of the file at once */
export async function readPolicy(home: Home): Promise<Policy> {
  const text = await readIfThere(home.policy);
  return text === undefined ? policySchema.parse({}) : parsePolicy(text, home.policy);
}

/** @param file how to name the text in an error. @throws UsageError */
export function parsePolicy(text: string, file: string): Policy {
  const { value, lines } = parseYamlText(text, policySchema, file);
  return { ...value, lines };
}

/** A rule as it stands in the file: `policy.yaml:12: budgetPerStudy: 2000`. */
export function ruleText(policy: Policy, key: keyof Rules): string {
  const line = policy.lines?.[key];
  const place = line === undefined ? "policy.yaml" : `policy.yaml:${line}`;
  return `${place}: ${key}: ${shown(policy[key])}${line === undefined ? " (the default)" : ""}`;
}

function shown(value: Rules[keyof Rules]): string {
  if (typeof value !== "object") return String(value ?? "none");
  const entries: readonly (string | QuietWindow)[] = value;
  return `[${entries.map((entry) => (typeof entry === "string" ? entry : entry.text)).join(", ")}]`;
}

/**
 * Why a study asks for more than the policy gives: for each reason, the line of the policy. Empty: nothing against it.
 * @param servers on other machines that this site's black box asks
 */
export function objections(study: StudySpec, policy: Policy, site: string, servers: readonly string[] = []): string[] {
  const out: string[] = [];
  if (study.budget > policy.budgetPerStudy)
    out.push(
      `${ruleText(policy, "budgetPerStudy")}, but the study may spend ${study.budget} black-box queries at each site`,
    );
  const required = requiredSites(study);
  if (required < policy.minCohort)
    out.push(`${ruleText(policy, "minCohort")}, but the study's rounds need only ${required} sites`);
  if (!study.participation.sites.includes(site)) out.push(`the study does not name the site ${site}`);
  for (const server of servers.filter((origin) => !isAllowed(origin, policy)))
    out.push(`${ruleText(policy, "blackboxHosts")}, but this site's black box (site.yaml) is at ${server}`);
  return out;
}

/** The error that refuses a study, with the lines of the policy; undefined where the policy allows it. */
export function refusal(...asked: Parameters<typeof objections>): AgentError | undefined {
  const [{ name }] = asked;
  const found = objections(...asked);
  if (found.length === 0) return undefined;
  return new AgentError("POLICY_REFUSED", `the study ${name} is refused: ${found.join("; ")}`, { study: name });
}

/** @throws AgentError POLICY_REFUSED */
export function checkPolicy(...asked: Parameters<typeof objections>): void {
  const error = refusal(...asked);
  if (error) throw error;
}

function isAllowed(origin: string, { blackboxHosts }: Policy): boolean {
  try {
    checkOrigin(origin, blackboxHosts);
    return true;
  } catch {
    return false;
  }
}

function isTimeZone(zone: string): boolean {
  try {
    new LocalTime(zone);
    return true;
  } catch {
    return false;
  }
}

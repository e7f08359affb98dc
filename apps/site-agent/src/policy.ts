import { requiredSites, type StudySpec } from "@fedbaps/core/wire/study.js";
import { z } from "zod";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { readYaml } from "./yaml-file.js";

/** Below three, a site could read another's update off the sum. */
const SMALLEST_COHORT = 3;

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
  budgetPerStudy: z.number().int().min(1).default(20_000),
  metrics: z.enum(["none", "cohort", "own"]).default("cohort"),
  allowInsecureHttp: z.array(z.string().min(1)).default([]),
  blackboxHosts: z.array(z.string().min(1)).default([]),
});

/** What this site allows, whatever a coordinator asks for. */
export type Policy = z.infer<typeof policySchema>;

/** The policy of a new home: the defaults, each explained. */
export const POLICY_TEXT = `# What this site allows, whatever a coordinator asks for. Checked by the agent before anything is sent.

# A sum is made only over so many sites or more (3 at least): nobody learns the update of one.
minCohort: ${SMALLEST_COHORT}

# Black-box queries that one study may spend here at most, for everything.
budgetPerStudy: 20000

# Which measurements leave this site:
#   none    no measurement (whether a decoder is in use, its version and the queries spent are always told at the end)
#   cohort  validation Dice and training loss, inside the encrypted sum: only the mean over all sites becomes known
#   own     also this site's own validation Dice, round by round, and its test Dice and numbers of images at the end
metrics: cohort

# Coordinators to which plain http:// is allowed. Loopback is always allowed; everything else must be https://.
allowInsecureHttp: []

# Servers that may be asked as a black box (oip:URL): prompted images of patients are sent to them. A host, or host:port,
# means https; plain http must be written out: http://host:port. This machine itself (loopback) is always allowed.
blackboxHosts: []
`;

/** @returns the home's policy, the defaults where it has none. @throws UsageError with every fault of the file at once */
export async function readPolicy(home: Home): Promise<Policy> {
  return (await readYaml(home.policy, policySchema)) ?? policySchema.parse({});
}

/**
 * Why a study asks for more than the policy gives: for each reason, the line of the policy. Empty: nothing against it.
 */
export function objections(study: StudySpec, policy: Policy, site: string): string[] {
  const out: string[] = [];
  if (study.budget > policy.budgetPerStudy)
    out.push(
      `it may spend ${study.budget} black-box queries here, but policy.yaml says budgetPerStudy: ${policy.budgetPerStudy}`,
    );
  const required = requiredSites(study);
  if (required < policy.minCohort)
    out.push(`its rounds need only ${required} sites, but policy.yaml says minCohort: ${policy.minCohort}`);
  if (!study.participation.sites.includes(site)) out.push(`it does not name the site ${site}`);
  return out;
}

/** @throws AgentError POLICY_REFUSED */
export function checkPolicy(study: StudySpec, policy: Policy, site: string): void {
  const found = objections(study, policy, site);
  if (found.length > 0)
    throw new AgentError("POLICY_REFUSED", `the study ${study.name} is refused: ${found.join("; ")}`, {
      study: study.name,
    });
}

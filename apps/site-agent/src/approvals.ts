import { digestSchema, nameSchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import type { Home } from "./home.js";
import { readJson, writeJson } from "./json-file.js";

const decisionSchema = z.strictObject({
  study: nameSchema,
  hash: digestSchema,
  decision: z.enum(["approved", "declined"]),
  at: z.string(),
});
export type Decision = z.infer<typeof decisionSchema>;

const fileSchema = z.strictObject({ format: z.literal("fedbaps-approvals/1"), decisions: z.array(decisionSchema) });

/** What this site decided about each study, bound to the study's hash: another text needs another decision. */
export async function readDecisions(home: Home): Promise<Decision[]> {
  return (await readJson(home.approvals, fileSchema))?.decisions ?? [];
}

/** Stores a decision in the place of an earlier one about the same study. */
export async function decide(home: Home, decision: Decision): Promise<void> {
  const others = (await readDecisions(home)).filter(({ study }) => study !== decision.study);
  await writeJson(home.approvals, { format: "fedbaps-approvals/1", decisions: [...others, decision] });
}

/** The decision about exactly this text of a study; undecided counts as no. */
export function decisionOn(decisions: readonly Decision[], hash: string): Decision["decision"] | undefined {
  return decisions.find((decision) => decision.hash === hash)?.decision;
}

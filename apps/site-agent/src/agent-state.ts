import { join } from "node:path";
import { z } from "zod";
import type { Home } from "./home.js";
import { readJson } from "./json-file.js";

const codeSchema = z.string().max(64);
const countSchema = z.number().int().nonnegative();
const timeSchema = z.iso.datetime();

const studyStateSchema = z.object({
  study: z.string(),
  phase: z.string(),
  round: countSchema.optional(),
  stepsDone: countSchema.optional(),
  stepsPlanned: countSchema.optional(),
  queries: countSchema,
  budget: countSchema,
  /** Why nothing is done for it now, and until when, where that is known. */
  waiting: z.object({ reason: codeSchema, until: timeSchema.optional() }).optional(),
  secondsLeft: z.number().nonnegative().optional(),
});

const agentStateSchema = z.object({
  /** When this was written. */
  at: timeSchema,
  pid: z.number().int().positive(),
  link: z.object({ state: z.enum(["connecting", "admitted", "lost"]), since: timeSchema, code: codeSchema.optional() }),
  lastError: z.object({ at: timeSchema, code: codeSchema, study: z.string().optional() }).optional(),
  studies: z.array(studyStateSchema),
});

/** What the running agent does, or what the last one did: codes and numbers, no text from outside and no names of files. */
export type AgentState = z.infer<typeof agentStateSchema>;

/** Where the agent keeps it. */
export function stateFile(home: Home): string {
  return join(home.folder, "state.json");
}

/** @returns undefined where there is none, or none that can be read: it says nothing that is not known elsewhere. */
export async function readAgentState(home: Home): Promise<AgentState | undefined> {
  return readJson(stateFile(home), agentStateSchema).catch(() => undefined);
}

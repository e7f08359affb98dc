import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { timeSchema } from "./common.js";
import { answer } from "./registry.js";

export const replicaSchema = answer(
  "Replica",
  z.object({
    id: z.string(),
    startedAt: timeSchema,
    seenAt: timeSchema,
    studies: z.array(nameSchema).describe("those that it drives"),
  }),
);

export const coordinatorSchema = answer(
  "Coordinator",
  z.object({
    version: z.string(),
    fingerprint: z.string().describe("of the coordinator's key"),
    words: z.string().describe("the same for the telephone"),
    url: z.string(),
    now: timeSchema,
    replica: z.string().describe("the process that answers"),
    replicas: z.array(replicaSchema),
    database: z.enum(["embedded", "postgresql"]),
  }),
);

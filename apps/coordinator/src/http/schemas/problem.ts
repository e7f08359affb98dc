import { z } from "zod";
import { answer } from "./registry.js";

/** RFC 9457, with the code that programs read. */
export const problemSchema = answer(
  "Problem",
  z.object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string().describe("what programs read: capitals and underscores"),
    detail: z.string().describe("one line for people: what, where, what to do"),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe("every fault of the request, each with its path"),
  }),
);
export type Problem = z.infer<typeof problemSchema>;

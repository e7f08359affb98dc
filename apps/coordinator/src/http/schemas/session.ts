import { z } from "zod";
import { timeSchema } from "./common.js";
import { answer, body } from "./registry.js";
import { roleSchema, tokenIdSchema } from "./token.js";

export const sessionSchema = answer(
  "Session",
  z.object({ role: roleSchema, name: z.string(), tokenId: tokenIdSchema, expiresAt: timeSchema.nullable() }),
);
export const signInSchema = body("SignIn", z.strictObject({ token: z.string().trim().min(1).max(200) }));

import { z } from "zod";
import { timeSchema } from "./common.js";
import { answer, body } from "./registry.js";

export const roleSchema = z.enum(["admin", "viewer"]).describe("an admin may everything, a viewer only reads");
export const tokenIdSchema = z.string().regex(/^[0-9a-f]{12}$/, "must be the id of a token");
const tokenNameSchema = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .regex(/^[^\p{C}]*$/u, "must be printable");

export const tokenParams = z.strictObject({ id: tokenIdSchema });

const token = z.object({
  id: tokenIdSchema,
  name: z.string(),
  role: roleSchema,
  createdAt: timeSchema,
  expiresAt: timeSchema.nullable(),
  lastUsedAt: timeSchema.nullable().describe("to the minute"),
});
export const tokenSchema = answer("Token", token);
export const tokensSchema = answer("Tokens", z.object({ tokens: z.array(tokenSchema) }));

export const newTokenSchema = body(
  "NewToken",
  z.strictObject({
    name: tokenNameSchema.describe("whose it is, or what for"),
    role: roleSchema,
    expiresInDays: z.number().int().min(1).max(3650).optional(),
  }),
);
export const madeTokenSchema = answer("MadeToken", token.extend({ token: z.string().describe("shown this once") }));

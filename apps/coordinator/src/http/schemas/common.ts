import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";

/** Milliseconds since the epoch. */
export const timeSchema = z.number().int().min(0).describe("milliseconds since 1970-01-01 UTC");
/** A count of anything that may exceed 32 bits. */
export const amountSchema = z.number().int().min(0);
export const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 200;

/** A number in a query string. */
export function queryNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().int().min(least).max(most));
}

/** Which part of a list is asked for. */
export const pageQuery = z.strictObject({
  limit: queryNumber(1, MAX_LIMIT)
    .optional()
    .describe(`how many at most, 1 to ${MAX_LIMIT}; ${DEFAULT_LIMIT} by default`),
  cursor: z.string().min(1).max(400).optional().describe("`next` of the page before"),
});

export const nextSchema = z.string().nullable().describe("the cursor of the next page; null at the end");

export const nameParams = z.strictObject({ name: nameSchema });

import { z } from "zod";

const faultSchema = z.object({ code: z.string() });
/** What the network says when nobody is there, and how PostgreSQL says that it cannot serve now. */
const AWAY =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08...|57P0.|53300)$/;
/** The driver has no codes for these. */
const AWAY_TEXT =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection)/;

/** Whether an error says that the database does not answer, so that the same request may succeed later. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isDatabaseAway);
  if (error instanceof Error && AWAY_TEXT.test(error.message)) return true;
  const parsed = faultSchema.safeParse(error);
  return parsed.success && AWAY.test(parsed.data.code);
}

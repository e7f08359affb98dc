import { z } from "zod";
import { CoordinatorError } from "../errors.js";
import { DEFAULT_LIMIT } from "./schemas/common.js";

export interface PageRequest {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly items: T[];
  /** Where the next page begins; null at the end. */
  readonly next: string | null;
}

const keySchema = z
  .array(z.union([z.string().max(100), z.number()]))
  .min(1)
  .max(3);
/** What a list is sorted by, ascending; no two of its members have the same. */
export type PageKey = z.infer<typeof keySchema>;

/**
 * One page of a list, in the order of `keyOf`. A page begins after the last key of the one before, so that members which
 * come or go meanwhile shift nothing. The order is made here: a database may sort names in its own way.
 * @throws CoordinatorError BAD_REQUEST for a cursor that this API has not made
 */
export function pageOf<T>(list: readonly T[], keyOf: (item: T) => PageKey, { limit, cursor }: PageRequest): Page<T> {
  const after = cursor === undefined ? undefined : keyFrom(cursor);
  const keyed = list.map((item) => ({ item, key: keyOf(item) })).sort((a, b) => compare(a.key, b.key));
  const rest = after === undefined ? keyed : keyed.filter(({ key }) => compare(key, after) > 0);
  const page = rest.slice(0, limit ?? DEFAULT_LIMIT);
  const last = page.at(-1);
  const next = last !== undefined && rest.length > page.length ? cursorFrom(last.key) : null;
  return { items: page.map(({ item }) => item), next };
}

function cursorFrom(key: PageKey): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

function keyFrom(cursor: string): PageKey {
  try {
    return keySchema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
  } catch {
    throw new CoordinatorError("BAD_REQUEST", "cursor must be the `next` of an earlier answer");
  }
}

function compare(key: PageKey, other: PageKey): number {
  for (const [index, part] of key.entries()) {
    const against = other[index];
    if (part === against) continue;
    if (typeof part === "number" && typeof against === "number") return part - against;
    return String(part) < String(against) ? -1 : 1;
  }
  return 0;
}

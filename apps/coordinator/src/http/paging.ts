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
 * One page of a list that is sorted by `keyOf`. A page begins after the last key of the one before, so that members
 * which come or go meanwhile shift nothing.
 * @throws CoordinatorError BAD_REQUEST for a cursor that this API has not made
 */
export function pageOf<T>(sorted: readonly T[], keyOf: (item: T) => PageKey, { limit, cursor }: PageRequest): Page<T> {
  const after = cursor === undefined ? undefined : keyFrom(cursor);
  const rest = after === undefined ? sorted : sorted.filter((item) => isAfter(keyOf(item), after));
  const items = rest.slice(0, limit ?? DEFAULT_LIMIT);
  return { items, next: rest.length > items.length ? cursorFrom(keyOf(items[items.length - 1])) : null };
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

function isAfter(key: PageKey, after: PageKey): boolean {
  for (const [index, part] of key.entries()) {
    const other = after[index];
    if (part === other) continue;
    return typeof part === "number" && typeof other === "number" ? part > other : String(part) > String(other);
  }
  return false;
}

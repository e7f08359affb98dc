import { z } from "zod";

/** Schemas of what the API answers, by the names that its description gives them. */
export const answerSchemas = z.registry<{ id: string }>();
/** Schemas of what the API takes. */
export const bodySchemas = z.registry<{ id: string }>();

/** Names a schema of an answer. */
export function answer<T extends z.ZodType>(id: string, schema: T): T {
  answerSchemas.add(schema, { id });
  return schema;
}

/** Names a schema of a body. */
export function body<T extends z.ZodType>(id: string, schema: T): T {
  bodySchemas.add(schema, { id });
  return schema;
}

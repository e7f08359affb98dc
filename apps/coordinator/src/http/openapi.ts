import { z } from "zod";
import { VERSION } from "../config.js";
import type { Route } from "./route.js";
import { problemSchema } from "./schemas/problem.js";
import { answerSchemas, bodySchemas } from "./schemas/registry.js";

type Json = Record<string, unknown>;

/** Every route may answer these, as far as it can fail so. */
const COMMON_PROBLEMS = [400, 406, 429, 500, 503];
const DESCRIPTIONS: Readonly<Record<number, string>> = {
  304: "what If-None-Match names is still so",
  400: "the request has faults",
  401: "no valid token",
  403: "not allowed",
  404: "there is no such thing",
  406: "the request does not accept what this answers",
  409: "the state does not allow it, or the name is taken",
  412: "If-Match names another version",
  413: "the body is too large",
  415: "the body is not JSON",
  428: "If-Match is missing",
  429: "too many requests; Retry-After says how long to wait",
  500: "something failed here",
  503: "not available now; Retry-After says how long to wait",
};

/** The description of the API: OpenAPI 3.1, made from the routes and the schemas that they parse by. */
export function openApiOf(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "FedBAPS coordinator",
      version: VERSION,
      description: "Times are milliseconds since 1970-01-01 UTC. Errors are application/problem+json with a code.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/api/v1" }],
    paths,
    components: {
      schemas: { ...componentsOf(answerSchemas, "output", ANSWERS), ...componentsOf(bodySchemas, "input", BODIES) },
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "__Host-fedbaps",
          description: "of a browser; unsafe methods need the header X-FedBAPS-Request: 1 too",
        },
      },
    },
  };
}

/** Names in one space: a body may be called like an answer. */
const ANSWERS = "";
const BODIES = "Body";

function operationOf(route: Route): Json {
  const { method, path, summary, role, body, answer, etag } = route;
  const statuses = new Set([...COMMON_PROBLEMS, ...(route.problems ?? [])]);
  if (role !== "anyone") for (const status of [401, 403]) statuses.add(status);
  if (body !== undefined) for (const status of [413, 415]) statuses.add(status);
  if (etag === "requires") for (const status of [412, 428]) statuses.add(status);
  const mediaType = answer.mediaType ?? "application/json";
  const content =
    answer.schema === undefined
      ? answer.mediaType && { [mediaType]: { schema: { type: "string" } } }
      : { [mediaType]: { schema: refTo(answerSchemas, answer.schema, ANSWERS) } };
  const etagHeader = { ETag: { description: "names this version", schema: { type: "string" } } };
  return {
    operationId: `${method}${path.replace(/[/:]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, "")}`,
    summary,
    "x-fedbaps-role": role,
    security: role === "anyone" ? [] : [{ token: [] }, { session: [] }],
    parameters: parametersOf(route),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: route.bodyOptional !== true,
            content: { "application/json": { schema: refTo(bodySchemas, body, BODIES) } },
          },
        }),
    responses: {
      [answer.status]: {
        description: answer.description,
        ...(content ? { content } : {}),
        ...(etag === undefined ? {} : { headers: etagHeader }),
      },
      ...(method === "get" && etag ? { 304: { description: DESCRIPTIONS[304], headers: etagHeader } } : {}),
      ...Object.fromEntries([...statuses].sort().map((status) => [status, problemResponse(status)])),
    },
  };
}

function problemResponse(status: number): Json {
  const schema = refTo(answerSchemas, problemSchema, ANSWERS);
  const retry = { "Retry-After": { description: "seconds", schema: { type: "string" } } };
  return {
    description: DESCRIPTIONS[status],
    content: { "application/problem+json": { schema } },
    ...(status === 429 || status === 503 ? { headers: retry } : {}),
  };
}

function parametersOf({ params, query, method, etag }: Route): Json[] {
  const header = (name: string, required: boolean, description: string) => ({
    name,
    in: "header",
    required,
    description,
    schema: { type: "string" },
  });
  return [
    ...fieldsOf(params).map(([name, schema]) => ({ name, in: "path", required: true, schema })),
    ...fieldsOf(query).map(([name, { description, ...schema }, required]) => ({
      name,
      in: "query",
      required,
      ...(description === undefined ? {} : { description }),
      schema,
    })),
    ...(etag === "requires" ? [header("If-Match", true, "the ETag of what is changed")] : []),
    ...(etag === "answers" && method === "get" ? [header("If-None-Match", false, "an ETag that the client has")] : []),
  ];
}

function fieldsOf(schema: z.ZodType | undefined): [string, Json, boolean][] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" });
  return Object.entries(properties).map(([name, field]) => [name, field as Json, required.includes(name)]);
}

type Registry = typeof answerSchemas;

function componentsOf(registry: Registry, io: "input" | "output", suffix: string): Json {
  const { schemas } = z.toJSONSchema(registry, { io, uri: (id) => `#/components/schemas/${id}${suffix}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [`${id}${suffix}`, schema]),
  );
}

function refTo(registry: Registry, schema: z.ZodType, suffix: string): Json {
  const id = registry.get(schema)?.id;
  if (id === undefined) throw new TypeError("a schema of the API has no name");
  return { $ref: `#/components/schemas/${id}${suffix}` };
}

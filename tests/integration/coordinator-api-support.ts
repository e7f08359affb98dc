import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { z } from "zod";
import { start } from "./coordinator-support.js";

/** The real clock, which a test can put forward. */
export class MovableClock {
  offset = 0;
  readonly #waiting = new Map<() => void, number>();

  now = () => systemClock.now() + this.offset;

  after = (milliseconds: number, callback: () => void) => {
    const cancel = systemClock.after(milliseconds, () => {
      this.#waiting.delete(run);
      callback();
    });
    const run = () => {
      cancel();
      callback();
    };
    this.#waiting.set(run, milliseconds);
    return () => {
      this.#waiting.delete(run);
      cancel();
    };
  };

  /** Calls at once whatever waits for exactly so long. */
  hasten(milliseconds: number): void {
    for (const [run, wait] of this.#waiting) if (wait === milliseconds && this.#waiting.delete(run)) run();
  }
}

export const UNLIMITED = { requests: 1_000_000, failures: 1_000_000 };

/** What a test needs to ask a coordinator as it pleases. */
export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface Ask {
  readonly token?: string | undefined;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** A request to the API; the answer's body is parsed where it is JSON. */
export async function ask(
  url: string,
  method: string,
  path: string,
  { token, headers, body }: Ask = {},
): Promise<Asked> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
    await response.body?.cancel();
    return { status: response.status, headers: response.headers, body: undefined };
  }
  const text = await response.text();
  const isJson = /json(;|$)/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

const operationSchema = z.looseObject({
  "x-fedbaps-role": z.enum(["anyone", "viewer", "admin"]),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string(), required: z.boolean() })),
  requestBody: z.looseObject({ required: z.boolean() }).optional(),
  responses: z.record(
    z.string(),
    z.looseObject({
      description: z.string().min(1),
      content: z.record(z.string(), z.object({ schema: z.looseObject({ $ref: z.string().optional() }) })).optional(),
    }),
  ),
});
export const documentSchema = z.looseObject({
  openapi: z.string().regex(/^3\.1\.\d$/),
  info: z.looseObject({ title: z.string(), version: z.string() }),
  paths: z.record(
    z.string().startsWith("/"),
    z.partialRecord(z.enum(["get", "post", "put", "delete"]), operationSchema),
  ),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
});
export type ApiDocument = z.infer<typeof documentSchema>;

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly role: "anyone" | "viewer" | "admin";
}

/** Every operation that the API's description names. */
export function operationsOf(document: ApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      operation === undefined ? [] : [{ method: method.toUpperCase(), path, role: operation["x-fedbaps-role"] }],
    ),
  );
}

/** The documented schema of a 2xx answer in JSON, as something that parses. */
export function documentedSchema(document: ApiDocument, method: string, path: string): z.ZodType {
  const operation = document.paths[path]?.[method.toLowerCase() as "get"];
  const [, answer] = Object.entries(operation?.responses ?? {}).find(([status]) => /^20[01]$/.test(status)) ?? [];
  const schema = answer?.content?.["application/json"]?.schema;
  if (schema === undefined) throw new Error(`${method} ${path} has no documented JSON answer`);
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas });
  return z.fromJSONSchema(JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/")));
}

export interface ApiCoordinator {
  readonly coordinator: Coordinator;
  readonly clock: MovableClock;
  readonly url: string;
  readonly admin: string;
  token(role: "admin" | "viewer", expiresInDays?: number): Promise<{ id: string; token: string }>;
}

/** A coordinator without limits on how often it is asked, and its clock. */
export async function startApi(overrides: Parameters<typeof start>[0] = {}): Promise<ApiCoordinator> {
  const clock = new MovableClock();
  const coordinator = await start({ clock, limits: UNLIMITED, ...overrides });
  const { url, newAdminToken: admin = "" } = coordinator;
  return {
    coordinator,
    clock,
    url,
    admin,
    async token(role, expiresInDays) {
      const body = { name: `a ${role}`, role, ...(expiresInDays === undefined ? {} : { expiresInDays }) };
      const made = await ask(url, "POST", "/api/v1/tokens", { token: admin, body });
      return z.object({ id: z.string(), token: z.string() }).parse(made.body);
    },
  };
}

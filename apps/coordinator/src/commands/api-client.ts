import { readFileSync } from "node:fs";
import { UsageError } from "@fedbaps/core/common/errors.js";
import type { z } from "zod";
import { adminTokenFile, isLoopback } from "../config.js";
import { CoordinatorError } from "../errors.js";
import { problemSchema } from "./answers.js";
import { Refusal } from "./exit-codes.js";

export interface ApiAccess {
  /** From `apiBase`. */
  readonly url: string;
  /** Never on the command line, where every user of the machine could read it. */
  readonly token: string;
}

/** The token: from the environment, else from a file. @throws UsageError */
export function readToken(environment: NodeJS.ProcessEnv, home: string, tokenFile: string | undefined): string {
  const given = environment.FEDBAPS_TOKEN?.trim() || environment.FEDBAPS_ADMIN_TOKEN?.trim();
  if (given && tokenFile === undefined) return given;
  const file = tokenFile ?? adminTokenFile(home);
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new UsageError(`no token: cannot read ${file}; set FEDBAPS_TOKEN, or name a file with --token-file`);
  }
}

/**
 * The address under which the API is asked, with the path that a proxy gives it.
 * @throws UsageError for what is no address, and for plain HTTP on which others could read the token
 */
export function apiBase(url: string, insecureHttp: boolean): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !["http:", "https:"].includes(parsed.protocol))
    throw new UsageError(`--url ${url} is not an address; write it as https://coordinator.example.org`);
  if (parsed.protocol === "http:" && !isLoopback(parsed.hostname.replace(/^\[|\]$/g, "")) && !insecureHttp)
    throw new UsageError(
      `the admin token would cross the network to ${parsed.host} in plain text; use https://, or add --insecure-http`,
    );
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`;
}

export type ApiMethod = "GET" | "POST" | "PUT" | "DELETE";

export interface ApiRequest<T> {
  readonly method: ApiMethod;
  /** Under /api/v1. */
  readonly path: string;
  /** Of the answer; `z.undefined()` where there is none. */
  readonly schema: z.ZodType<T>;
  readonly body?: unknown;
  readonly ifMatch?: string | undefined;
}

/** Asks the coordinator's API. @throws Refusal with what it says; CoordinatorError UNREACHABLE, BAD_ANSWER */
export async function callApi<T>(
  access: ApiAccess,
  method: ApiMethod,
  path: string,
  schema: z.ZodType<T>,
  body?: unknown,
): Promise<T> {
  return (await requestApi(access, { method, path, schema, body })).answer;
}

/** The same, and gives the answer's ETag too. */
export async function requestApi<T>(
  { url, token }: ApiAccess,
  { method, path, schema, body, ifMatch }: ApiRequest<T>,
): Promise<{ answer: T; etag: string | undefined }> {
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    answer = response.status === 204 ? undefined : await response.json();
  } catch {
    throw new CoordinatorError("UNREACHABLE", `no coordinator answers at ${url}; is it running, is --url right?`);
  }
  if (!response.ok) throw refusalOf(response.status, answer);
  const parsed = schema.safeParse(answer);
  if (!parsed.success)
    throw new CoordinatorError(
      "BAD_ANSWER",
      `${url} answers, but not as this version expects; are both the same version?`,
    );
  return { answer: parsed.data, etag: response.headers.get("etag") ?? undefined };
}

/** The refusal that an answer is, for people to read. */
export function refusalOf(status: number, answer: unknown): Refusal {
  const problem = problemSchema.safeParse(answer).data;
  const faults = problem?.errors?.map(({ path: where, message }) => `\n  ${where}: ${message}`).join("") ?? "";
  const detail = problem?.detail ?? `the coordinator answered ${status}`;
  return new Refusal(problem?.code ?? "BAD_ANSWER", `${detail}${faults}`, status);
}

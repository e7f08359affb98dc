import { readFileSync } from "node:fs";
import { UsageError } from "@fedbaps/core/common/errors.js";
import type { z } from "zod";
import { adminTokenFile } from "../config.js";
import { CoordinatorError } from "../errors.js";
import { problemSchema } from "./answers.js";

export interface ApiAccess {
  readonly url: string;
  /** Never on the command line, where every user of the machine could read it. */
  readonly token: string;
}

/** The token: from the environment, else from a file. @throws UsageError */
export function readToken(environment: NodeJS.ProcessEnv, home: string, tokenFile: string | undefined): string {
  const given = environment.FEDBAPS_ADMIN_TOKEN?.trim();
  if (given && tokenFile === undefined) return given;
  const file = tokenFile ?? adminTokenFile(home);
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new UsageError(
      `no admin token: cannot read ${file}; set FEDBAPS_ADMIN_TOKEN, or name a file with --token-file`,
    );
  }
}

/** Asks the coordinator's API. @throws CoordinatorError with what it says, or UNREACHABLE */
export async function callApi<T>(
  { url, token }: ApiAccess,
  method: "GET" | "POST",
  path: string,
  schema: z.ZodType<T>,
  body?: unknown,
): Promise<T> {
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(new URL(`/api/v1${path}`, url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    answer = await response.json();
  } catch {
    throw new CoordinatorError("UNREACHABLE", `no coordinator answers at ${url}; is it running, is --url right?`);
  }
  if (!response.ok) {
    const problem = problemSchema.safeParse(answer);
    const faults = problem.data?.errors?.map(({ path: where, message }) => `\n  ${where}: ${message}`).join("") ?? "";
    throw new CoordinatorError(
      "BAD_ANSWER",
      `${problem.data?.detail ?? `the coordinator answered ${response.status}`}${faults}`,
    );
  }
  const parsed = schema.safeParse(answer);
  if (!parsed.success)
    throw new CoordinatorError(
      "BAD_ANSWER",
      `${url} answers, but not as this version expects; are both the same version?`,
    );
  return parsed.data;
}

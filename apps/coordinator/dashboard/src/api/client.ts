import { setOffset } from "../state/clock.js";
import { Problem } from "./problem.js";
import { signedOut } from "./session.js";

const TIMEOUT = 20_000;

export interface Answer<T> {
  readonly body: T;
  readonly etag: string | undefined;
}

/** Asks the API. The session travels in a cookie that no script can read. @throws Problem */
export async function ask<T>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<T>> {
  const response = await send(method, path, body, headers);
  const text = await response.text().catch(() => "");
  const parsed = parse(text);
  if (response.ok) return { body: parsed as T, etag: response.headers.get("etag") ?? undefined };
  const {
    code = "ERROR",
    detail = `the coordinator answered ${response.status}`,
    errors,
  } = (parsed ?? {}) as {
    code?: string;
    detail?: string;
    errors?: { path: string; message: string }[];
  };
  if (response.status === 401 && path !== "/session") signedOut(true);
  throw new Problem(response.status, code, detail, errors);
}

export const get = async <T>(path: string): Promise<T> => (await ask<T>("GET", path)).body;
export const post = async <T>(path: string, body: unknown = {}): Promise<T> => (await ask<T>("POST", path, body)).body;

async function send(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
  try {
    const response = await fetch(`/api/v1${path}`, {
      method,
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT),
      headers: {
        accept: "application/json",
        ...(method === "GET" ? {} : { "X-FedBAPS-Request": "1" }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    setOffset(response.headers.get("date"));
    return response;
  } catch {
    throw new Problem(0, "UNREACHABLE", "the coordinator does not answer");
  }
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

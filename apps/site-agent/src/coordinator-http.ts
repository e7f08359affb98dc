import { z } from "zod";
import { type Route, routeFetch } from "./coordinator-route.js";
import { AgentError, type AgentErrorCode } from "./errors.js";
import { describeFailure, failureLine } from "./link-failure.js";
import { shownProxy } from "./proxy-choice.js";

const problemSchema = z.object({
  code: z.string().optional(),
  detail: z.string().optional(),
  title: z.string().optional(),
});
const TIMEOUT_MS = 30_000;

export interface CoordinatorHttp {
  /** Checked by `checkUrl`. */
  readonly url: string;
  readonly signal: AbortSignal;
  /** The proxy and the authorities; straight, and those that Node knows, without it. */
  readonly route?: Route | undefined;
  /** In the place of the network. */
  readonly fetch?: typeof fetch | undefined;
}

export interface Question<S extends z.ZodType> {
  readonly path: string;
  /** Posted as JSON; without it the question is a GET. */
  readonly body?: unknown;
  readonly answer: S;
  /** What was asked for, for the line that says why not: "to enrol this site". */
  readonly purpose: string;
  /** The code of a refusal. */
  readonly refused: AgentErrorCode;
}

/**
 * Asks the coordinator once over HTTP; redirects are not followed.
 * @throws AgentError COORDINATOR_UNREACHABLE (also where it has trouble of its own), or `refused`
 */
export async function askCoordinator<S extends z.ZodType>(
  { url, signal, route = {}, fetch: send = routeFetch(route) }: CoordinatorHttp,
  { path, body, answer, purpose, refused }: Question<S>,
): Promise<z.output<S>> {
  let response: Response;
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    response = await send(`${url}/api/v1${path}`, {
      ...(body === undefined
        ? {}
        : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      redirect: "error",
      signal: AbortSignal.any([signal, limit]),
    });
  } catch (error) {
    throw unreachable(url, route, limit.aborted ? new Error(`no answer within ${TIMEOUT_MS / 1000} s`) : error);
  }
  const given: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    const problem = problemSchema.safeParse(given);
    const { detail, title, code } = problem.data ?? {};
    const why = detail ?? title ?? code ?? `HTTP ${response.status}`;
    const later = response.status >= 500 || response.status === 429;
    throw new AgentError(
      later ? "COORDINATOR_UNREACHABLE" : refused,
      `the coordinator refused ${purpose}: ${why}${later ? "; try again later" : ""}`,
      { status: response.status },
    );
  }
  const parsed = answer.safeParse(given);
  if (!parsed.success) throw new AgentError(refused, `${url} does not answer like a coordinator; check the address`);
  return parsed.data;
}

/** The plain line for a question that got no answer. */
export function unreachable(url: string, { proxy }: Route, error: unknown): AgentError {
  const failure = describeFailure(error, proxy && {});
  const line = failureLine(failure, new URL(url).host, proxy && shownProxy(proxy));
  return new AgentError("COORDINATOR_UNREACHABLE", line, { cause: failure.code });
}

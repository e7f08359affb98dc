import { UsageError } from "@fedbaps/core/common/errors.js";
import { fingerprint, type Identity, memberOf, sign } from "@fedbaps/core/secagg/keys.js";
import type { EnrolRequest } from "@fedbaps/core/wire/messages.js";
import { PROTOCOL_VERSION, publicKeySchema } from "@fedbaps/core/wire/primitives.js";
import { enrolTranscript } from "@fedbaps/core/wire/transcripts.js";
import { z } from "zod";
import { AgentError } from "./errors.js";
import type { Membership } from "./membership.js";

const answerSchema = z.object({ coordinator: publicKeySchema });
const problemSchema = z.object({
  code: z.string().optional(),
  detail: z.string().optional(),
  title: z.string().optional(),
});
const TIMEOUT_MS = 30_000;

export interface EnrolInit {
  readonly identity: Identity;
  /** Checked by `checkUrl`. */
  readonly url: string;
  /** The invite: CODE, or CODE.FINGERPRINT where the fingerprint is of the coordinator's key. */
  readonly invite: string;
  /** The fingerprint of the coordinator's key, where it was given apart from the code. */
  readonly expected?: string | undefined;
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
}

/**
 * Turns a one-time invite into a membership, which the study lead then approves.
 * @throws AgentError ENROL_REFUSED, COORDINATOR_KEY, COORDINATOR_UNREACHABLE; UsageError for an invite that is none
 */
export async function enrol(init: EnrolInit): Promise<Membership> {
  const { identity, url, invite, signal, fetch: send = fetch } = init;
  const { code, expected = init.expected } = readInvite(invite);
  const { site, signKey, boxKey } = memberOf(identity);
  const unsigned = { protocol: PROTOCOL_VERSION, code, site, signKey, boxKey } as const;
  const signature = sign(enrolTranscript(unsigned), identity.sign.secretKey);
  const request: EnrolRequest = { ...unsigned, signature };
  let response: Response;
  try {
    response = await send(`${url}/api/v1/enrol`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    throw new AgentError(
      "COORDINATOR_UNREACHABLE",
      `cannot reach ${url}: ${reasonOf(error)}; check the address and the network`,
    );
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw refusal(response.status, body);
  const answer = answerSchema.safeParse(body);
  if (!answer.success)
    throw new AgentError("ENROL_REFUSED", `${url} does not answer like a coordinator; check the address`);
  const publicKey = answer.data.coordinator;
  if (expected !== undefined && !sameFingerprint(publicKey, expected))
    throw new AgentError(
      "COORDINATOR_KEY",
      `the server at ${url} has another key than the invite names: do not use it, and tell the study lead`,
    );
  return { url, publicKey };
}

function readInvite(invite: string): { code: string; expected?: string } {
  const [code, expected, ...more] = invite.trim().split(".");
  if (code.length < 8 || code.length > 128 || more.length > 0)
    throw new UsageError("this is no invite code; copy it as the study lead sent it");
  return expected === undefined ? { code } : { code, expected };
}

/** The invite may carry the fingerprint whole or its beginning, with or without spaces. */
function sameFingerprint(publicKey: string, expected: string): boolean {
  const digits = expected.toLowerCase().replace(/[^0-9a-f]/g, "");
  return digits.length >= 16 && fingerprint(publicKey).replaceAll(" ", "").startsWith(digits);
}

function refusal(status: number, body: unknown): AgentError {
  const problem = problemSchema.safeParse(body);
  const why = problem.success ? (problem.data.detail ?? problem.data.title ?? problem.data.code) : undefined;
  return new AgentError("ENROL_REFUSED", `the coordinator refused to enrol this site: ${why ?? `HTTP ${status}`}`, {
    status,
  });
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException).code;
  return code ?? (cause instanceof Error ? cause.message : String(cause));
}

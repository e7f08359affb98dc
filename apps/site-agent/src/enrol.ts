import { fromBase64, toBase64, utf8 } from "@fedbaps/core/common/bytes.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { fingerprint, type Identity, memberOf, type RandomBytes, sign } from "@fedbaps/core/secagg/keys.js";
import { sealTo } from "@fedbaps/core/secagg/sealed-message.js";
import type { SealedEnrolment } from "@fedbaps/core/wire/enrolment.js";
import type { EnrolRequest } from "@fedbaps/core/wire/messages.js";
import { PROTOCOL_VERSION, publicKeySchema } from "@fedbaps/core/wire/primitives.js";
import { enrolTranscript } from "@fedbaps/core/wire/transcripts.js";
import { z } from "zod";
import { askCoordinator, type CoordinatorHttp } from "./coordinator-http.js";
import { AgentError } from "./errors.js";
import type { Membership } from "./membership.js";
import { protocolLine } from "./protocol-version.js";
import { askIdentity, type ShownIdentity } from "./shown-identity.js";

const answerSchema = z.object({ coordinator: publicKeySchema });
/** So much of a fingerprint must be given at least: 64 bits. */
const LEAST_DIGITS = 16;

export interface EnrolInit extends CoordinatorHttp {
  readonly identity: Identity;
  /** The invite: CODE.FINGERPRINT, or CODE where the fingerprint of the coordinator's key is given apart. */
  readonly invite: string;
  /** The fingerprint of the coordinator's key, where it was given apart from the code. */
  readonly expected?: string | undefined;
  /** Takes whatever key the coordinator shows, where no fingerprint was given at all. */
  readonly trustOnFirstUse?: boolean;
  readonly random: RandomBytes;
}

/**
 * Turns a one-time invite into a membership, which the study lead then approves. The coordinator shows that it holds the
 * key of the fingerprint before it hears the code, and the code is sealed to its keys: nobody in between learns it.
 * @throws AgentError ENROL_REFUSED, COORDINATOR_KEY, COORDINATOR_UNREACHABLE, PROTOCOL; UsageError for an invite that is none, or
 * that names no fingerprint
 */
export async function enrol(init: EnrolInit): Promise<Membership> {
  const { identity, url, random } = init;
  const { code, fingerprints } = readInvite(init.invite, init.expected);
  if (fingerprints.length === 0 && init.trustOnFirstUse !== true)
    throw new UsageError(
      "this invite does not carry the fingerprint of the coordinator's key, so nobody can tell who answers; ask the study lead for the whole invite, or give --fingerprint (or --trust-on-first-use, which takes whoever answers)",
    );
  const proof = await proveIdentity(init, fingerprints);
  const { site, signKey, boxKey } = memberOf(identity);
  const unsigned = { protocol: PROTOCOL_VERSION, code, site, signKey, boxKey } as const;
  const request: EnrolRequest = { ...unsigned, signature: sign(enrolTranscript(unsigned), identity.sign.secretKey) };
  const sealed = toBase64(sealTo(fromBase64(proof.boxKey), utf8(JSON.stringify(request)), random));
  const body: SealedEnrolment = { protocol: PROTOCOL_VERSION, sealed };
  const purpose = "to enrol this site";
  const { coordinator } = await askCoordinator(init, {
    path: "/enrol",
    body,
    answer: answerSchema,
    purpose,
    refused: "ENROL_REFUSED",
  });
  if (coordinator !== proof.publicKey)
    throw new AgentError(
      "COORDINATOR_KEY",
      `the server at ${url} shows another key than a moment ago: tell the study lead`,
    );
  return { url, publicKey: proof.publicKey };
}

/** Asks who is there, and believes it only by its signature and by every fingerprint that was given. */
async function proveIdentity(init: EnrolInit, fingerprints: readonly string[]): Promise<ShownIdentity> {
  const shown = await askIdentity(init, init.random);
  if (!fingerprints.every((expected) => sameFingerprint(shown.publicKey, expected)))
    throw wrongKey(init.url, "has another key than the invite names");
  if (shown.protocol === undefined) throw wrongKey(init.url, "does not hold the key that it shows");
  if (shown.protocol !== PROTOCOL_VERSION)
    throw new AgentError("PROTOCOL", `cannot enrol at ${init.url}: ${protocolLine(shown.protocol)}`);
  return shown;
}

function wrongKey(url: string, what: string): AgentError {
  return new AgentError(
    "COORDINATOR_KEY",
    `the server at ${url} ${what}: the invite was not shown to it; do not use it, and tell the study lead`,
  );
}

function readInvite(invite: string, given: string | undefined): { code: string; fingerprints: string[] } {
  const [code, inside, ...more] = invite.trim().split(".");
  if (code.length < 8 || code.length > 128 || more.length > 0)
    throw new UsageError("this is no invite code; copy it as the study lead sent it");
  return { code, fingerprints: [inside, given].filter((one): one is string => one !== undefined) };
}

/** Whole or its beginning, with or without spaces. */
function sameFingerprint(publicKey: string, expected: string): boolean {
  const digits = expected.toLowerCase().replace(/[^0-9a-f]/g, "");
  return digits.length >= LEAST_DIGITS && fingerprint(publicKey).replaceAll(" ", "").startsWith(digits);
}

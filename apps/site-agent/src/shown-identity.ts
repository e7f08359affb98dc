import { fromBase64, toBase64, transcript } from "@fedbaps/core/common/bytes.js";
import { type RandomBytes, verify } from "@fedbaps/core/secagg/keys.js";
import { type IdentityProof, identityProofSchema, identityTranscript } from "@fedbaps/core/wire/enrolment.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { askCoordinator, type CoordinatorHttp } from "./coordinator-http.js";

/** So many versions after ours are recognised. */
const LATER = 20;

/** What answers at an address shows of itself before anything is said to it. */
export interface ShownIdentity {
  /** Ed25519, base64. */
  readonly publicKey: string;
  /** X25519, base64: what is sealed for it. */
  readonly boxKey: string;
  /** The version of the protocol under which it signed our nonce; undefined: it does not hold the key that it shows. */
  readonly protocol: number | undefined;
}

/** @throws AgentError COORDINATOR_UNREACHABLE, ENROL_REFUSED where no coordinator answers */
export async function askIdentity(http: CoordinatorHttp, random: RandomBytes): Promise<ShownIdentity> {
  const nonce = toBase64(random(32));
  const proof = await askCoordinator(http, {
    path: `/identity?nonce=${encodeURIComponent(nonce)}`,
    answer: identityProofSchema,
    purpose: "to show its key",
    refused: "ENROL_REFUSED",
  });
  return { publicKey: proof.publicKey, boxKey: proof.boxKey, protocol: signedUnder(nonce, proof) };
}

/** The answer does not name the version, but what was signed does. */
function signedUnder(nonce: string, proof: IdentityProof): number | undefined {
  if (verify(identityTranscript(nonce, proof), proof.signature, proof.publicKey)) return PROTOCOL_VERSION;
  const keys = [fromBase64(nonce), fromBase64(proof.publicKey), fromBase64(proof.boxKey)];
  return Array.from({ length: PROTOCOL_VERSION + LATER }, (_, index) => index + 1).find((version) =>
    verify(transcript("fedbaps/identity", version, ...keys), proof.signature, proof.publicKey),
  );
}

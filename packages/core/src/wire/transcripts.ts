import { fromBase64, transcript } from "../common/bytes.js";
import type { Auth, Challenge, EnrolRequest } from "./messages.js";
import { PROTOCOL_VERSION } from "./primitives.js";

/** What a site signs to be admitted: fresh for every connection, and bound to this coordinator's key. */
export function authTranscript(challenge: Challenge, site: Auth["site"]): Uint8Array {
  return transcript(
    "fedbaps/auth",
    PROTOCOL_VERSION,
    fromBase64(challenge.coordinator),
    fromBase64(challenge.nonce),
    site,
  );
}

/** What a site signs when it enrols: shows possession of the key and binds the code to it. */
export function enrolTranscript(request: Omit<EnrolRequest, "signature">): Uint8Array {
  return transcript(
    "fedbaps/enrol",
    PROTOCOL_VERSION,
    request.code,
    request.site,
    fromBase64(request.signKey),
    fromBase64(request.boxKey),
  );
}

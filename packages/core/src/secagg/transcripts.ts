import { transcript } from "../common/bytes.js";
import { PROTOCOL_VERSION } from "../wire/primitives.js";
import type { Cohort, KeyAdvertisement, RoundReference } from "../wire/secagg-messages.js";

/** Study, round, attempt: what keeps the bytes of one attempt from being of use in another. */
function context(
  label: string,
  reference: RoundReference,
  version: number = PROTOCOL_VERSION,
): [string, number, string, number, number] {
  return [label, version, reference.study, reference.round, reference.attempt];
}

/** What a site signs to vouch for its two fresh keys. `hash` is `cohortHash(cohort)`. */
export function advertisementTranscript(
  cohort: Cohort,
  hash: string,
  keys: Omit<KeyAdvertisement, "signature">,
): Uint8Array {
  return transcript(
    ...context("fedbaps/secagg/advertise", cohort.reference),
    hash,
    keys.site,
    keys.shareKey,
    keys.maskKey,
  );
}

/**
 * What a site signs in the consistency phase: who is in the sum, and whose masks will be rebuilt instead.
 * @param version of the protocol under which it was signed, for receipts that are kept.
 */
export function survivorTranscript(
  cohort: Cohort,
  hash: string,
  survivors: readonly string[],
  dropped: readonly string[],
  version: number = PROTOCOL_VERSION,
): Uint8Array {
  return transcript(
    ...context("fedbaps/secagg/survivors", cohort.reference, version),
    hash,
    transcript(...survivors),
    transcript(...dropped),
  );
}

/** HKDF info of the mask of a pair; the same from both ends. */
export function pairMaskInfo(reference: RoundReference, a: string, b: string): Uint8Array {
  const [first, second] = a < b ? [a, b] : [b, a];
  return transcript(...context("fedbaps/secagg/pair-mask", reference), first, second);
}

/** HKDF info of a site's own mask. */
export function selfMaskInfo(reference: RoundReference, site: string): Uint8Array {
  return transcript(...context("fedbaps/secagg/self-mask", reference), site);
}

/** HKDF info of the key that seals shares; one for each direction. */
export function shareBoxInfo(reference: RoundReference, from: string, to: string): Uint8Array {
  return transcript(...context("fedbaps/secagg/share-box", reference), from, to);
}

/** HKDF info of the mask by which a site's part of a sum is sealed; from the epoch's key. */
export function sealMaskInfo(reference: RoundReference, site: string): Uint8Array {
  return transcript(...context("fedbaps/secagg/seal-mask", reference), site);
}

import { setImmediate as nextTurn } from "node:timers/promises";
import { equalBytes, fromBase64 } from "../common/bytes.js";
import type { Cohort, KeyAdvertisement, RevealedShare } from "../wire/secagg-messages.js";
import { requireUnique } from "./checks.js";
import { SecAggError } from "./errors.js";
import { agree, publicKeyOf, wipeKey } from "./keys.js";
import { inverse, type MaskLayer, openSelfMaskSecret, pairLayer, selfLayer } from "./masks.js";
import { recoverSecret } from "./shamir.js";
import { SHARE_BYTES } from "./share-box.js";

/** For each site that answered: whose share, and its bytes. */
export type Revealed = Map<string, ReadonlyMap<string, Uint8Array>>;

/**
 * One site's answer to the unmask request: exactly one share of every dealer, of the kind that its fate asks for.
 * @throws SecAggError DUPLICATE_SITE or BAD_SHARES
 */
export function checkRevealed(
  from: string,
  shares: readonly RevealedShare[],
  dealers: readonly string[],
  survivors: ReadonlySet<string>,
): ReadonlyMap<string, Uint8Array> {
  requireUnique(
    shares.map(({ site }) => site),
    `the shares revealed by ${from}`,
  );
  const asked = new Set(dealers);
  const bytes = new Map<string, Uint8Array>();
  for (const { site, kind, share } of shares) {
    const wanted = survivors.has(site) ? "selfMask" : "maskKey";
    const content = fromBase64(share);
    if (!asked.has(site) || kind !== wanted || content.length !== SHARE_BYTES[wanted])
      throw new SecAggError("BAD_SHARES", `${from} revealed a share of ${site} that was not asked for`, { site: from });
    bytes.set(site, content);
  }
  if (bytes.size !== dealers.length)
    throw new SecAggError("BAD_SHARES", `${from} revealed ${bytes.size} of ${dealers.length} shares`, { site: from });
  return bytes;
}

/**
 * The masks still on the sum: each survivor's own, and those that survivors share with drop-outs. Seconds of arithmetic
 * in a cohort of hundreds: the event loop gets its turn after each secret.
 * @returns layers that cancel them when added.
 * @throws SecAggError BAD_SHARES with `site`, where a secret cannot be rebuilt to what its owner advertised.
 */
export async function layersToRemove({
  cohort,
  advertisements,
  survivors,
  dropped,
  revealed,
}: {
  cohort: Cohort;
  advertisements: ReadonlyMap<string, KeyAdvertisement>;
  survivors: readonly string[];
  dropped: readonly string[];
  revealed: Revealed;
}): Promise<MaskLayer[]> {
  const { reference, threshold } = cohort;
  const layers: MaskLayer[] = [];
  let run = 0;

  async function rebuild(site: string, what: string, accept: (secret: Uint8Array) => Uint8Array | null) {
    const shares = [...revealed.values()].map((bySite) => bySite.get(site)!);
    const found = await recoverSecret(shares, threshold, accept, run);
    if (!found)
      throw new SecAggError("BAD_SHARES", `the ${what} of ${site} cannot be rebuilt: some revealed shares are false`, {
        site,
      });
    run = found.run;
    return found.secret;
  }

  for (const site of survivors) {
    const seed = await rebuild(site, "self mask", openSelfMaskSecret);
    layers.push(inverse(selfLayer(seed, reference, site)));
    seed.fill(0);
  }
  for (const site of dropped) {
    const advertised = fromBase64(advertisements.get(site)!.maskKey);
    const accept = (secret: Uint8Array) => (equalBytes(publicKeyOf(secret), advertised) ? secret : null);
    const maskKey = await rebuild(site, "mask key", accept);
    for (const survivor of survivors) {
      const secret = agree(maskKey, fromBase64(advertisements.get(survivor)!.maskKey), survivor);
      layers.push(inverse(pairLayer(secret, reference, survivor, site)));
      secret.fill(0);
    }
    wipeKey(maskKey);
    await nextTurn();
  }
  return layers;
}

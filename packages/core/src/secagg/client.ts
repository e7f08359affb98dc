import { fromBase64, toBase64 } from "../common/bytes.js";
import type {
  Cohort,
  KeyAdvertisement,
  RevealedShare,
  SealedShares,
  SurvivorSignature,
  UnmaskRequest,
} from "../wire/secagg-messages.js";
import {
  checkAdvertisements,
  checkDelivery,
  checkSurvivorSignatures,
  type Roster,
  requireEnough,
  rosterOf,
  sameList,
} from "./checks.js";
import { checkCohort, checkMembership } from "./cohort.js";
import { epochKeyId, sealLayer } from "./epoch.js";
import { SecAggError } from "./errors.js";
import { agree, createBoxKeys, draw, type Identity, type KeyPair, type RandomBytes, sign, wipeKey } from "./keys.js";
import { addMask, type MaskLayer, pairLayer, selfLayer, selfMaskSecret } from "./masks.js";
import { splitSecret } from "./shamir.js";
import { openShares, type SharePair, sealShares } from "./share-box.js";
import { digestOf, outOfOrder, Step } from "./step.js";
import { advertisementTranscript, survivorTranscript } from "./transcripts.js";

/** What a sealed sum is sealed with: the epoch's key, and how many elements from the start it covers. */
export interface SealInit {
  readonly key: Uint8Array;
  readonly length: number;
}

export interface SecAggClientInit {
  readonly identity: Identity;
  readonly cohort: Cohort;
  readonly random: RandomBytes;
  readonly seal?: SealInit;
}

/**
 * A site's part of one attempt at one sum: Bonawitz et al., "Practical secure aggregation for privacy-preserving machine
 * learning" (CCS 2017), figure 4, with the rounds against a malicious server (signed keys, consistency check).
 *
 * The steps come in the order of the methods. Each may be repeated with the same message and gives the same answer; with
 * another message it throws CONFLICTING_REPEAT, before its turn WRONG_PHASE. A refused message leaves the state as it
 * was. Nothing here is stored: a process that restarts has lost its keys, and its site drops out of the attempt.
 */
export class SecAggClient {
  readonly #identity: Identity;
  readonly #roster: Roster;
  readonly #random: RandomBytes;
  readonly #seal: SealInit | undefined;

  readonly #sharing = new Step<Promise<SealedShares[]>>("shareKeys");
  readonly #masking = new Step<Uint32Array>("maskInput");
  readonly #confirming = new Step<SurvivorSignature>("confirmSurvivors");
  readonly #unmasking = new Step<RevealedShare[]>("unmask");

  #keys: { share: KeyPair; mask: KeyPair; advertisement: KeyAdvertisement } | undefined;
  #selfSeed: Uint8Array = new Uint8Array(0);
  /** What this site agreed on with each peer, until the vector is masked. */
  readonly #secrets = new Map<string, { share: Uint8Array; mask: Uint8Array }>();
  /** U1: whose keys are known. */
  #advertised = new Map<string, KeyAdvertisement>();
  /** This site's shares of its own secrets, once it has dealt. */
  #own: SharePair | undefined;
  /** U2: whose shares this site holds, its own among them. */
  #held = new Map<string, SharePair>();
  #survivors: readonly string[] = [];
  #cleaned = false;

  /**
   * @param seal the key that `cohort.seal` names, where it names one.
   * @throws SecAggError BAD_COHORT for a cohort that would not protect this site, or that is not its own.
   */
  constructor({ identity, cohort, random, seal }: SecAggClientInit) {
    checkCohort(cohort);
    checkMembership(cohort, identity);
    checkSeal(cohort, seal);
    this.#seal = seal;
    this.#identity = identity;
    this.#roster = rosterOf(cohort);
    this.#random = random;
  }

  /** Phase 0: two fresh X25519 keys, signed for this attempt. */
  advertiseKeys(): KeyAdvertisement {
    this.#alive();
    if (!this.#keys) {
      const share = createBoxKeys(this.#random);
      const mask = createBoxKeys(this.#random);
      const { cohort, hash } = this.#roster;
      const keys = {
        site: this.#identity.site,
        shareKey: toBase64(share.publicKey),
        maskKey: toBase64(mask.publicKey),
      };
      const signature = sign(advertisementTranscript(cohort, hash, keys), this.#identity.sign.secretKey);
      this.#keys = { share, mask, advertisement: { ...keys, signature } };
    }
    return this.#keys.advertisement;
  }

  /**
   * Phase 1: deals shares of the self-mask seed and of the mask key, sealed to each advertised peer.
   * @param advertisements of all sites still there, this one included.
   * @throws SecAggError TOO_FEW_SITES, DUPLICATE_SITE, UNKNOWN_SITE, BAD_SIGNATURE, BAD_KEY, REUSED_KEY, LIST_MISMATCH
   */
  async shareKeys(advertisements: readonly KeyAdvertisement[]): Promise<SealedShares[]> {
    this.#alive();
    const keys = this.#keys;
    if (!keys) throw outOfOrder("shareKeys", "advertiseKeys");
    return this.#sharing.once(digestOf(advertisements), () => {
      const advertised = checkAdvertisements(this.#roster, advertisements);
      const mine = advertised.get(this.#identity.site);
      if (!mine || digestOf(mine) !== digestOf(keys.advertisement))
        throw new SecAggError("LIST_MISMATCH", "the advertised keys do not hold this site's own: do not go on");
      // Both are agreed on before anything is dealt: a key of low order is refused here.
      const secrets = [...advertised]
        .filter(([peer]) => peer !== this.#identity.site)
        .map(([peer, { shareKey, maskKey }]) => {
          const share = agree(keys.share.secretKey, fromBase64(shareKey), peer);
          return [peer, { share, mask: agree(keys.mask.secretKey, fromBase64(maskKey), peer) }] as const;
        });
      for (const [peer, both] of secrets) this.#secrets.set(peer, both);
      this.#advertised = advertised;
      return this.#deal(keys.mask.secretKey);
    });
  }

  async #deal(maskKey: Uint8Array): Promise<SealedShares[]> {
    const { members, threshold, reference } = this.#roster.cohort;
    this.#selfSeed = draw(this.#random, 32);
    const selfMaskShares = await splitSecret(selfMaskSecret(this.#selfSeed), members.length, threshold);
    const maskKeyShares = await splitSecret(maskKey, members.length, threshold);
    this.#alive();
    const from = this.#identity.site;
    const sealed: SealedShares[] = [];
    members.forEach(({ site: to }, position) => {
      const shares = { selfMask: selfMaskShares[position], maskKey: maskKeyShares[position] };
      const secret = this.#secrets.get(to)?.share;
      if (to === from) this.#own = shares;
      else if (secret) sealed.push(sealShares(secret, reference, { from, to, shares }, this.#random));
    });
    return sealed;
  }

  /**
   * Phase 2: the masked vector. What comes back is remembered for a repeat: do not write to it.
   * @param shares addressed to this site, one from every other site that dealt.
   * @param input `cohort.length` ring elements.
   * @throws SecAggError TOO_FEW_SITES, DUPLICATE_SITE, UNKNOWN_SITE, BAD_BOX, BAD_LENGTH
   */
  maskInput(shares: readonly SealedShares[], input: Uint32Array): Uint32Array {
    this.#alive();
    if (!this.#own) throw outOfOrder("maskInput", "shareKeys");
    const { length } = this.#roster.cohort;
    if (input.length !== length)
      throw new SecAggError("BAD_LENGTH", `the input has ${input.length} elements, the cohort agreed on ${length}`);
    return this.#masking.once(digestOf(shares, input), () => {
      this.#held = this.#openAll(shares);
      const vector = input.slice();
      for (const layer of this.#layers()) addMask(vector, layer);
      if (this.#seal) {
        const { reference } = this.#roster.cohort;
        addMask(vector.subarray(0, this.#seal.length), sealLayer(this.#seal.key, reference, this.#identity.site));
      }
      // From here on only peers can rebuild these.
      this.#wipeSecrets();
      return vector;
    });
  }

  #openAll(shares: readonly SealedShares[]): Map<string, SharePair> {
    const { site } = this.#identity;
    const { reference, minSurvivors } = this.#roster.cohort;
    checkDelivery(shares, { to: site, advertised: this.#advertised, minSurvivors });
    const held = new Map<string, SharePair>([[site, this.#own!]]);
    for (const sealed of shares)
      held.set(sealed.from, openShares(this.#secrets.get(sealed.from)!.share, reference, sealed));
    return held;
  }

  /** The masks that the protocol takes off again; a sealed sum's stays on. */
  *#layers(): Generator<MaskLayer> {
    const { reference } = this.#roster.cohort;
    const { site } = this.#identity;
    yield selfLayer(this.#selfSeed, reference, site);
    for (const peer of this.#held.keys())
      if (peer !== site) yield pairLayer(this.#secrets.get(peer)!.mask, reference, site, peer);
  }

  /**
   * Phase 3: signs who is in the sum and, by that, who is not.
   * @param survivors sorted.
   * @throws SecAggError LIST_MISMATCH where they are not sorted, did not all deal shares or leave this site out;
   *   TOO_FEW_SITES
   */
  confirmSurvivors(survivors: readonly string[]): SurvivorSignature {
    this.#alive();
    if (!this.#masking.done) throw outOfOrder("confirmSurvivors", "maskInput");
    return this.#confirming.once(digestOf(survivors), () => {
      const { site, sign: keys } = this.#identity;
      const { cohort, hash } = this.#roster;
      const inOrder = [...this.#held.keys()].sort().filter((peer) => survivors.includes(peer));
      if (!sameList(inOrder, survivors) || !survivors.includes(site))
        throw new SecAggError("LIST_MISMATCH", "the survivors must be sorted, have dealt shares and include this site");
      requireEnough(survivors.length, cohort.minSurvivors, "survivors");
      this.#survivors = [...survivors];
      return { site, signature: sign(survivorTranscript(cohort, hash, survivors, this.#dropped()), keys.secretKey) };
    });
  }

  #dropped(): string[] {
    return [...this.#held.keys()].filter((peer) => !this.#survivors.includes(peer)).sort();
  }

  /**
   * Phase 4: for every survivor this site's share of the self mask, for every drop-out its share of the mask key; never
   * both of one site. The caller writes the answer to its journal before it sends it.
   * @throws SecAggError LIST_MISMATCH where the lists are not those that this site signed; DUPLICATE_SITE, UNKNOWN_SITE,
   *   BAD_SIGNATURE, TOO_FEW_SIGNATURES
   */
  unmask(request: UnmaskRequest): RevealedShare[] {
    this.#alive();
    if (!this.#confirming.done) throw outOfOrder("unmask", "confirmSurvivors");
    return this.#unmasking.once(digestOf(request), () => {
      const lists = { survivors: this.#survivors, dropped: this.#dropped() };
      if (!sameList(request.survivors, lists.survivors) || !sameList(request.dropped, lists.dropped))
        throw new SecAggError("LIST_MISMATCH", "survivors and drop-outs are not those that this site signed: refused");
      checkSurvivorSignatures(this.#roster, lists, request.signatures);
      return [...this.#held.keys()].sort().map((site) => {
        const kind = this.#survivors.includes(site) ? "selfMask" : "maskKey";
        return { site, kind, share: toBase64(this.#held.get(site)![kind]) };
      });
    });
  }

  /**
   * Wipes the secrets of this attempt; every later step throws CLEANED. As far as the language allows: copies that the
   * run-time or a library made stay until their memory is used again.
   */
  clean(): void {
    this.#wipeSecrets();
    this.#own?.selfMask.fill(0);
    this.#own?.maskKey.fill(0);
    for (const { selfMask, maskKey } of this.#held.values()) {
      selfMask.fill(0);
      maskKey.fill(0);
    }
    this.#held.clear();
    this.#cleaned = true;
  }

  #wipeSecrets(): void {
    this.#selfSeed.fill(0);
    if (this.#keys) {
      wipeKey(this.#keys.share.secretKey);
      wipeKey(this.#keys.mask.secretKey);
    }
    for (const { share, mask } of this.#secrets.values()) {
      share.fill(0);
      mask.fill(0);
    }
    this.#secrets.clear();
  }

  #alive(): void {
    if (this.#cleaned)
      throw new SecAggError("CLEANED", "the secrets of this attempt were wiped; wait for the next one");
  }
}

function checkSeal(cohort: Cohort, seal: SealInit | undefined): void {
  const refuse = (problem: string): never => {
    throw new SecAggError("BAD_COHORT", `this cohort is refused: ${problem}`, { ...cohort.reference });
  };
  if ((cohort.seal === null) !== (seal === undefined))
    refuse("it is sealed where the site has no key, or the other way");
  if (seal && cohort.seal !== epochKeyId(seal.key)) refuse("it names another epoch key than the site holds");
  if (seal && !(seal.length >= 1 && seal.length <= cohort.length)) refuse("its seal does not fit its vectors");
}

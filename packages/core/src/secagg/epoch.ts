import nacl from "tweetnacl";
import { concatBytes, equalBytes, fromBase64, toBase64, transcript } from "../common/bytes.js";
import { sha256Hex } from "../common/hash.js";
import type { EpochDeal, EpochShare } from "../wire/epoch.js";
import { PROTOCOL_VERSION } from "../wire/primitives.js";
import type { Roster } from "../wire/roster.js";
import type { Member, RoundReference } from "../wire/secagg-messages.js";
import { SecAggError } from "./errors.js";
import { draw, type Identity, type RandomBytes, sign, verify } from "./keys.js";
import { hkdf, type MaskLayer } from "./masks.js";
import { sealMaskInfo } from "./transcripts.js";

const KEY_BYTES = 32;
const { nonceLength } = nacl.box;

/** Epoch keys that a site holds, by their ids. */
export type EpochKeys = ReadonlyMap<string, Uint8Array>;

/** Names a key without telling it: SHA-256 of 32 random bytes under a label. */
export function epochKeyId(key: Uint8Array): string {
  return sha256Hex("fedbaps/epoch-key/1", "\n", key);
}

interface Scope {
  readonly studyHash: string;
  readonly roster: Roster;
  readonly rosterHash: string;
  /** The study's sites, sorted; those that the roster does not name get no key. */
  readonly sites: readonly string[];
}

function dealtTo({ sites, roster }: Pick<Scope, "sites" | "roster">): string[] {
  return sites.filter((site) => roster.members.some((member) => member.site === site));
}

function memberIn(roster: Roster, site: string): Member {
  const member = roster.members.find((candidate) => candidate.site === site);
  if (!member) throw new SecAggError("UNKNOWN_SITE", `${site} is not in the roster`, { site });
  return member;
}

function dealTranscript(
  deal: Pick<EpochDeal, "studyHash" | "rosterHash" | "keyId" | "maker">,
  boxes: readonly { readonly site: string; readonly hash: string }[],
): Uint8Array {
  return transcript(
    "fedbaps/epoch-deal",
    PROTOCOL_VERSION,
    deal.studyHash,
    deal.rosterHash,
    deal.keyId,
    deal.maker,
    transcript(...boxes.flatMap(({ site, hash }) => [site, hash])),
  );
}

const hashOfBox = (box: string) => sha256Hex("fedbaps/epoch-box/1", "\n", fromBase64(box));

/** What stands before the keys in a box: whom it is for and what it serves. */
function head(
  { studyHash, rosterHash }: Pick<EpochDeal, "studyHash" | "rosterHash">,
  maker: string,
  site: string,
): Uint8Array {
  return transcript("fedbaps/epoch-box", studyHash, rosterHash, maker, site);
}

/**
 * Makes the key of an epoch and deals it to every site of the study that the roster names, boxed from the maker's long-term key to theirs
 * (X25519, XSalsa20-Poly1305 by tweetnacl). Keys of earlier epochs go along, so that a site that comes late, or is new in
 * the roster, can open the sums before.
 * @throws SecAggError UNKNOWN_SITE for a maker that is not in the roster.
 */
export function dealEpochKey(identity: Identity, scope: Scope, earlier: EpochKeys, random: RandomBytes): EpochDeal {
  const { studyHash, roster, rosterHash } = scope;
  const maker = memberIn(roster, identity.site).site;
  const key = draw(random, KEY_BYTES);
  const keyId = epochKeyId(key);
  const base = { studyHash, rosterHash, keyId, maker };
  const boxes = dealtTo(scope).map((site) => {
    const plain = concatBytes(head(base, maker, site), key, ...earlier.values());
    const nonce = draw(random, nonceLength);
    const to = fromBase64(memberIn(roster, site).boxKey);
    const box = nacl.box(plain, nonce, to, identity.box.secretKey);
    plain.fill(0);
    return { site, box: toBase64(concatBytes(nonce, box)) };
  });
  key.fill(0);
  const hashes = boxes.map(({ site, box }) => ({ site, hash: hashOfBox(box) }));
  return { ...base, boxes, signature: sign(dealTranscript(base, hashes), identity.sign.secretKey) };
}

/** What everybody is told of all boxes, by the deal: it is passed on to each of its sites. */
const listed = new WeakMap<EpochDeal, EpochShare["boxes"]>();

/** What the coordinator passes on of a deal to one site; undefined for a site that is not dealt to. */
export function epochShareFor(deal: EpochDeal, site: string): EpochShare | undefined {
  const own = deal.boxes.find((box) => box.site === site);
  if (!own) return undefined;
  const { studyHash, rosterHash, keyId, maker, signature } = deal;
  const boxes = listed.get(deal) ?? deal.boxes.map((box) => ({ site: box.site, hash: hashOfBox(box.box) }));
  listed.set(deal, boxes);
  return { studyHash, rosterHash, keyId, maker, boxes, box: own.box, signature };
}

/**
 * What the coordinator can check of a deal without opening a box: signed by its maker, one box for each of the study's sites in the roster.
 * @throws SecAggError UNKNOWN_SITE, BAD_SIGNATURE, LIST_MISMATCH
 */
export function checkDeal(deal: EpochDeal, scope: Scope): void {
  if (deal.studyHash !== scope.studyHash || deal.rosterHash !== scope.rosterHash)
    throw new SecAggError("LIST_MISMATCH", "this epoch key is for another study or roster");
  const hashes = deal.boxes.map(({ site, box }) => ({ site, hash: hashOfBox(box) }));
  checkMaker(deal, hashes, scope);
}

/**
 * Opens a site's own box.
 * @returns the epoch's key and those of earlier epochs, by their ids.
 * @throws SecAggError UNKNOWN_SITE, BAD_SIGNATURE, LIST_MISMATCH (another study, roster or list of sites), BAD_BOX
 */
export function openEpochShare(identity: Identity, scope: Scope, share: EpochShare): Map<string, Uint8Array> {
  if (share.studyHash !== scope.studyHash || share.rosterHash !== scope.rosterHash)
    throw new SecAggError("LIST_MISMATCH", "this epoch key is for another study or roster");
  checkMaker(share, share.boxes, scope);
  const own = share.boxes.find(({ site }) => site === identity.site);
  if (!own || own.hash !== hashOfBox(share.box)) throw badBox(share);
  const sealed = fromBase64(share.box);
  const from = fromBase64(memberIn(scope.roster, share.maker).boxKey);
  const plain = nacl.box.open(sealed.slice(nonceLength), sealed.slice(0, nonceLength), from, identity.box.secretKey);
  const start = head(share, share.maker, identity.site);
  if (!plain || !equalBytes(plain.subarray(0, start.length), start)) throw badBox(share);
  const keys = plain.subarray(start.length);
  if (keys.length === 0 || keys.length % KEY_BYTES !== 0) throw badBox(share);
  const found = new Map<string, Uint8Array>();
  for (let at = 0; at < keys.length; at += KEY_BYTES) {
    const key = keys.slice(at, at + KEY_BYTES);
    found.set(epochKeyId(key), key);
  }
  plain.fill(0);
  // The maker promised everybody the same key by its id.
  if (!found.has(share.keyId)) throw badBox(share);
  return found;
}

function checkMaker(
  deal: Omit<EpochDeal, "boxes">,
  boxes: readonly { readonly site: string; readonly hash: string }[],
  scope: Scope,
): void {
  const { signKey } = memberIn(scope.roster, deal.maker);
  const sites = dealtTo(scope);
  if (boxes.length !== sites.length || boxes.some(({ site }, i) => site !== sites[i]))
    throw new SecAggError("LIST_MISMATCH", "this epoch key is not dealt to exactly the study's sites");
  if (!sites.includes(deal.maker))
    throw new SecAggError("UNKNOWN_SITE", `${deal.maker} made an epoch key without being in the study`, {
      site: deal.maker,
    });
  if (!verify(dealTranscript(deal, boxes), deal.signature, signKey))
    throw new SecAggError("BAD_SIGNATURE", `the epoch key is not signed by its maker ${deal.maker}`, {
      site: deal.maker,
    });
}

function badBox({ maker }: EpochShare): SecAggError {
  return new SecAggError("BAD_BOX", `the epoch key that ${maker} dealt does not open: altered, or not from ${maker}`, {
    from: maker,
  });
}

/**
 * The mask by which a site's part of a sum stays sealed to the coordinator; every holder of the epoch's key can make it.
 * Each site has one of its own: the same mask from all of n sites would be n times that mask in the sum, which for an even
 * n is not uniform in its low bits.
 */
export function sealLayer(epochKey: Uint8Array, reference: RoundReference, site: string): MaskLayer {
  return { seed: hkdf(epochKey, sealMaskInfo(reference, site)), sign: 1 };
}

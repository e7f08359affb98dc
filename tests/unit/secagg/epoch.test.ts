import { concatBytes, fromBase64, toBase64, toHex, transcript } from "@fedbaps/core/common/bytes.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import {
  checkDeal,
  dealEpochKey,
  epochKeyId,
  epochShareFor,
  openEpochShare,
  sealLayer,
} from "@fedbaps/core/secagg/epoch.js";
import { createIdentity, type Identity, memberOf, sign } from "@fedbaps/core/secagg/keys.js";
import { rosterHash, signRoster } from "@fedbaps/core/secagg/roster.js";
import { type EpochDeal, type EpochShare, epochDealSchema, epochShareSchema } from "@fedbaps/core/wire/epoch.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { describe, expect, it } from "@jest/globals";
import nacl from "tweetnacl";
import { codeThrown, seededBytes, siteNames } from "../../protocol/parties.js";
import { fc } from "../../support/property.js";

const lead = createIdentity("lead", seededBytes(1)).sign;
const none = new Map<string, Uint8Array>();

function makeScope(size: number, seed = 1, named = size) {
  const identities = siteNames(size).map((site, i) => createIdentity(site, seededBytes(seed * 1000 + i)));
  const { roster } = signRoster(identities.slice(0, named).map(memberOf), lead);
  const scope = { studyHash: "ab".repeat(32), roster, rosterHash: rosterHash(roster), sites: siteNames(size) };
  return { identities, scope };
}

type Scope = ReturnType<typeof makeScope>["scope"];

function shareOf(deal: EpochDeal, { site }: Identity): EpochShare {
  const share = epochShareFor(deal, site);
  if (!share) throw new Error(`no share for ${site}`);
  return share;
}

function altered(base64: string, at: number): string {
  const bytes = fromBase64(base64);
  bytes[at < 0 ? bytes.length + at : at] ^= 1;
  return toBase64(bytes);
}

const { identities, scope } = makeScope(4);
const [maker, second, third] = identities;
const deal = dealEpochKey(maker, scope, none, seededBytes(7));

/** What a maker who does not keep to the rules could sign: other contents in the box for one site, hashes and all. */
function shareWith({ site }: Identity, contents: (head: Uint8Array, key: Uint8Array) => Uint8Array): EpochShare {
  const random = seededBytes(8);
  const { studyHash, rosterHash } = scope;
  const key = random(32);
  const keyId = epochKeyId(key);
  const sealed = identities.map((to) => {
    const head = transcript("fedbaps/epoch-box", studyHash, rosterHash, maker.site, to.site);
    const plain = to.site === site ? contents(head, key) : concatBytes(head, key);
    const nonce = random(24);
    return concatBytes(nonce, nacl.box(plain, nonce, to.box.publicKey, maker.box.secretKey));
  });
  const boxes = sealed.map((box, i) => ({
    site: identities[i].site,
    hash: sha256Hex("fedbaps/epoch-box/1", "\n", box),
  }));
  const listed = transcript(...boxes.flatMap((box) => [box.site, box.hash]));
  const signed = transcript("fedbaps/epoch-deal", PROTOCOL_VERSION, studyHash, rosterHash, keyId, maker.site, listed);
  const box = toBase64(sealed[identities.findIndex((to) => to.site === site)]);
  const signature = sign(signed, maker.sign.secretKey);
  return { studyHash, rosterHash, keyId, maker: maker.site, boxes, box, signature };
}

describe("an epoch key", () => {
  it("reaches every site of a cohort of 3 to 30, with the keys before it, and nobody else", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 30 }), fc.nat({ max: 29 }), fc.nat({ max: 5 }), (size, index, before) => {
        const made = makeScope(size, 2);
        const random = seededBytes(size * 100 + index);
        const earlier = new Map(
          Array.from({ length: before }, () => random(32)).map((key) => [epochKeyId(key), key] as const),
        );
        const dealt = dealEpochKey(made.identities[index % size], made.scope, earlier, random);
        epochDealSchema.parse(dealt);
        checkDeal(dealt, made.scope);
        for (const identity of made.identities) {
          const share = epochShareSchema.parse(shareOf(dealt, identity));
          const keys = openEpochShare(identity, made.scope, share);
          expect(keys.size).toBe(before + 1);
          expect(keys.get(dealt.keyId)).toHaveLength(32);
          for (const [id, key] of earlier) expect(keys.get(id)).toEqual(key);
          for (const [id, key] of keys) expect(epochKeyId(key)).toBe(id);
          const outsider = createIdentity(identity.site, random);
          expect(codeThrown(() => openEpochShare(outsider, made.scope, share))).toBe("BAD_BOX");
        }
        expect(epochShareFor(dealt, "stranger")).toBeUndefined();
      }),
      { numRuns: 12 },
    );
  });

  it("is not in its deal in any form, and another one every time", () => {
    const key = openEpochShare(second, scope, shareOf(deal, second)).get(deal.keyId) ?? new Uint8Array();
    const text = JSON.stringify(deal);
    for (const form of [toBase64(key), toHex(key)]) expect(text).not.toContain(form);
    const raw = Buffer.concat(deal.boxes.map(({ box }) => fromBase64(box)));
    expect(raw.includes(Buffer.from(key))).toBe(false);
    expect(dealEpochKey(maker, scope, none, seededBytes(9)).keyId).not.toBe(deal.keyId);
  });

  it("goes to those of the study's sites that the roster names", () => {
    const made = makeScope(5, 3, 4);
    const dealt = dealEpochKey(made.identities[0], made.scope, none, seededBytes(3));
    expect(dealt.boxes.map(({ site }) => site)).toEqual(siteNames(4));
    checkDeal(dealt, made.scope);
    expect(openEpochShare(made.identities[3], made.scope, shareOf(dealt, made.identities[3])).has(dealt.keyId)).toBe(
      true,
    );
    const outside = made.identities[4];
    expect(codeThrown(() => dealEpochKey(outside, made.scope, none, seededBytes(3)))).toBe("UNKNOWN_SITE");
    expect(codeThrown(() => openEpochShare(outside, made.scope, shareOf(dealt, made.identities[3])))).toBe("BAD_BOX");
  });
});

describe("a site refuses a share", () => {
  const right = shareOf(deal, second);
  const strangers = makeScope(5, 4);
  const outside = { ...scope, sites: scope.sites.slice(1) };
  const byOutsider = dealEpochKey(maker, outside, none, seededBytes(11));
  const otherStudy = { ...scope, studyHash: "cd".repeat(32) };
  const otherRoster: Scope = { ...scope, rosterHash: "ef".repeat(32) };
  const turned = shareOf(dealEpochKey(second, scope, none, seededBytes(12)), maker);

  it.each<[string, string, EpochShare, Scope?]>([
    ["with the box of another site", "BAD_BOX", { ...right, box: shareOf(deal, third).box }],
    ["with a box that it made itself, sent back", "BAD_BOX", { ...right, box: turned.box }],
    ["with an altered box", "BAD_BOX", { ...right, box: altered(right.box, -1) }],
    ["with an altered nonce", "BAD_BOX", { ...right, box: altered(right.box, 0) }],
    ["with a truncated box", "BAD_BOX", { ...right, box: toBase64(fromBase64(right.box).slice(0, -32)) }],
    ["with an empty box", "BAD_BOX", { ...right, box: "" }],
    [
      "with an altered box and its hash",
      "BAD_SIGNATURE",
      {
        ...right,
        boxes: right.boxes.map((entry) => ({ ...entry, hash: "0".repeat(64) })),
        box: altered(right.box, -1),
      },
    ],
    ["of another study", "LIST_MISMATCH", right, otherStudy],
    ["of another roster", "LIST_MISMATCH", right, otherRoster],
    ["under another study's name", "BAD_SIGNATURE", { ...right, studyHash: otherStudy.studyHash }, otherStudy],
    ["under another roster's name", "BAD_SIGNATURE", { ...right, rosterHash: otherRoster.rosterHash }, otherRoster],
    ["with an altered signature", "BAD_SIGNATURE", { ...right, signature: altered(right.signature, 9) }],
    ["without a signature", "BAD_SIGNATURE", { ...right, signature: "" }],
    ["under another maker's name", "BAD_SIGNATURE", { ...right, maker: third.site }],
    ["with another key's id", "BAD_SIGNATURE", { ...right, keyId: "1".repeat(64) }],
    ["of a maker that the roster does not name", "UNKNOWN_SITE", { ...right, maker: "stranger" }],
    ["of a maker outside the study", "UNKNOWN_SITE", shareOf(byOutsider, second), outside],
    ["that leaves a site out", "LIST_MISMATCH", { ...right, boxes: right.boxes.slice(0, 3) }],
    ["that is dealt to others", "LIST_MISMATCH", right, { ...strangers.scope, rosterHash: scope.rosterHash }],
  ])("%s: %s", (_, code, share, where = scope) => {
    expect(codeThrown(() => openEpochShare(second, where, share))).toBe(code);
  });

  it("that was not dealt to it", () => {
    const site = createIdentity("stranger", seededBytes(13));
    expect(codeThrown(() => openEpochShare(site, scope, right))).toBe("BAD_BOX");
  });

  it("by whose maker's signature stand other contents: another head, half a key, none, or another key", () => {
    const spoilt: [string, (head: Uint8Array, key: Uint8Array) => Uint8Array][] = [
      ["another head", (_head, key) => concatBytes(transcript("fedbaps/epoch-box", "x"), key)],
      ["half a key", (head, key) => concatBytes(head, key.subarray(16))],
      ["no key", (head) => head],
      [
        "another key",
        (head, key) =>
          concatBytes(
            head,
            key.map((byte) => byte ^ 1),
          ),
      ],
    ];
    for (const [what, contents] of spoilt)
      expect([what, codeThrown(() => openEpochShare(second, scope, shareWith(second, contents)))]).toEqual([
        what,
        "BAD_BOX",
      ]);
    const fine = shareWith(second, (head, key) => concatBytes(head, key));
    expect(openEpochShare(second, scope, fine).has(fine.keyId)).toBe(true);
  });
});

describe("the coordinator refuses a deal", () => {
  it.each<[string, string, EpochDeal, Scope?]>([
    ["of another study", "LIST_MISMATCH", deal, { ...scope, studyHash: "cd".repeat(32) }],
    ["of another roster", "LIST_MISMATCH", deal, { ...scope, rosterHash: "cd".repeat(32) }],
    ["that leaves a site out", "LIST_MISMATCH", { ...deal, boxes: deal.boxes.slice(1) }],
    ["to sites in another order", "LIST_MISMATCH", { ...deal, boxes: [...deal.boxes].reverse() }],
    ["of an unknown maker", "UNKNOWN_SITE", { ...deal, maker: "stranger" }],
    ["in another's name", "BAD_SIGNATURE", { ...deal, maker: second.site }],
    ["with another key's id", "BAD_SIGNATURE", { ...deal, keyId: "1".repeat(64) }],
    [
      "with an altered box",
      "BAD_SIGNATURE",
      { ...deal, boxes: deal.boxes.map(({ site, box }, i) => ({ site, box: i === 2 ? altered(box, 30) : box })) },
    ],
  ])("%s: %s", (_, code, given, where = scope) => {
    expect(codeThrown(() => checkDeal(given, where))).toBe(code);
  });
});

describe("the seal of a site's part", () => {
  it("is another for every key, study, round, attempt and site, and the same for the same", () => {
    const key = seededBytes(20)(32);
    const reference = { study: "study", round: 1, attempt: 1 };
    const layers = [
      sealLayer(key, reference, "a"),
      sealLayer(key, reference, "b"),
      sealLayer(key, { ...reference, study: "other" }, "a"),
      sealLayer(key, { ...reference, round: 2 }, "a"),
      sealLayer(key, { ...reference, attempt: 2 }, "a"),
      sealLayer(seededBytes(21)(32), reference, "a"),
    ];
    expect(new Set(layers.map(({ seed }) => toHex(seed))).size).toBe(layers.length);
    expect(layers.map(({ seed, sign }) => [seed.length, sign])).toEqual(layers.map(() => [32, 1]));
    expect(sealLayer(key.slice(), { ...reference }, "a")).toEqual(layers[0]);
  });
});

// Makes tests/vectors/secagg.json: every byte of one small attempt that a site in another language must reproduce. Keys and
// nonces come from counters, so that the file is the same wherever it is made.
import { fromBase64, toBase64, toHex } from "@fedbaps/core/common/bytes.js";
import { canonicalJson } from "@fedbaps/core/common/hash.js";
import { openSum, unsealSum } from "@fedbaps/core/federation/aggregation.js";
import { packUpdate, sealedLength, updateLength, updateScale } from "@fedbaps/core/federation/update.js";
import { cohortHash, defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import { dealEpochKey, epochKeyId, epochShareFor, openEpochShare, sealLayer } from "@fedbaps/core/secagg/epoch.js";
import { agree, createIdentity, type Identity, memberOf, publicKeyOf, sign } from "@fedbaps/core/secagg/keys.js";
import { addMask, pairLayer, selfLayer, selfMaskSecret } from "@fedbaps/core/secagg/masks.js";
import { keyWords, rosterHash, rosterWords, signRoster, siteWords } from "@fedbaps/core/secagg/roster.js";
import { combineShares } from "@fedbaps/core/secagg/shamir.js";
import { sealShares } from "@fedbaps/core/secagg/share-box.js";
import { advertisementTranscript, survivorTranscript } from "@fedbaps/core/secagg/transcripts.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import type { Cohort } from "@fedbaps/core/wire/secagg-messages.js";
import { studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";
import { authTranscript, enrolTranscript } from "@fedbaps/core/wire/transcripts.js";

const SITES = ["alpha", "beta", "gamma"];
const PARAMETERS = 5;

/** `count` bytes that begin with `first` and count upwards: no secret was ever so plain. */
function counting(first: number): (count: number) => Uint8Array {
  let next = first;
  return (count) => Uint8Array.from({ length: count }, () => next++ & 255);
}

const hex = (bytes: Uint8Array) => toHex(bytes);

/** Two shares of the secret and one more, by the published field; any three of threshold two give the same. */
const SHAMIR = {
  secret: "00ff1080",
  threshold: 2,
  // The line secret + slope * x over GF(2^8), slope 01020304, at x = 1, 2 and 255.
  shares: ["01fd138401", "02fb168802"],
};

export async function secaggVectors() {
  const identities = SITES.map((site, i) => createIdentity(site, counting(16 * (i + 1))));
  const [alpha, beta] = identities;
  const lead = createIdentity("lead", counting(200)).sign;
  const members = identities.map(memberOf);
  const signed = signRoster(members, lead);
  const study = studySpecSchema.parse({ name: "lesions", participation: { sites: SITES } });
  const hash = studyHash(study);
  const scope = { studyHash: hash, roster: signed.roster, rosterHash: rosterHash(signed.roster), sites: SITES };
  const deal = dealEpochKey(alpha, scope, new Map(), counting(100));
  const share = epochShareFor(deal, "beta");
  if (!share) throw new Error("beta is dealt to");
  const epochKey = openEpochShare(beta, scope, share).get(deal.keyId) as Uint8Array;
  const reference = { study: "lesions", round: 2, attempt: 1 };
  const cohort: Cohort = {
    reference,
    studyHash: hash,
    rosterHash: scope.rosterHash,
    seal: deal.keyId,
    members,
    threshold: defaultThreshold(members.length),
    minSurvivors: 3,
    length: updateLength(PARAMETERS),
  };
  const attempt = attemptOf(identities, cohort);
  const updates = identities.map((_, i) => ({
    delta: [0.5 - i, 0.25, -1.5 * i, 3, 1e-3],
    images: 10 * (i + 1),
    metrics: { valDice: 0.5 + 0.1 * i, trainLoss: 0.25 },
  }));
  const packed = updates.map(({ delta, images, metrics }) =>
    packUpdate({
      delta: Float32Array.from(delta),
      clip: study.clip,
      images,
      maxImages: study.maxImages,
      metrics,
      cohortSize: members.length,
    }),
  );
  const masked = packed.map((vector, i) => {
    const out = vector.slice();
    for (const layer of attempt.layers(i)) addMask(out, layer);
    addMask(out.subarray(0, sealedLength(PARAMETERS)), sealLayer(epochKey, reference, SITES[i]));
    return out;
  });
  const sum = new Uint32Array(cohort.length);
  for (const [i, vector] of masked.entries()) {
    addMask(vector, { ...attempt.selfLayerOf(i), sign: -1 });
    for (let j = 0; j < sum.length; j++) sum[j] += vector[j];
    addMask(vector, attempt.selfLayerOf(i));
  }
  const opened = openSum({
    sum: unsealSum(sum, PARAMETERS, { key: epochKey, reference, survivors: SITES }),
    parameterCount: PARAMETERS,
    cohortSize: members.length,
    survivors: SITES,
    clip: study.clip,
    maxImages: study.maxImages,
  });
  const challenge = {
    protocol: PROTOCOL_VERSION,
    coordinator: toBase64(lead.publicKey),
    nonce: toBase64(counting(7)(32)),
  };
  const enrolment = { protocol: PROTOCOL_VERSION, code: "ABCDEFGH", ...memberOf(alpha) };
  return {
    about:
      "Made by tests/vectors/secagg-vectors.ts (npm run vectors). Bytes are hexadecimal, or base64 as on the wire.",
    protocol: PROTOCOL_VERSION,
    identities: identities.map(({ site, sign: keys, box }) => ({
      signSeed: hex(keys.secretKey.subarray(0, 32)),
      boxSecret: hex(box.secretKey),
      ...memberOf({ site, sign: keys, box }),
      words: siteWords(memberOf({ site, sign: keys, box })),
    })),
    enrolment: {
      request: enrolment,
      transcript: hex(enrolTranscript(enrolment)),
      signature: sign(enrolTranscript(enrolment), alpha.sign.secretKey),
    },
    authentication: {
      challenge,
      site: "alpha",
      transcript: hex(authTranscript(challenge, "alpha")),
      signature: sign(authTranscript(challenge, "alpha"), alpha.sign.secretKey),
    },
    roster: {
      leadSeed: hex(lead.secretKey.subarray(0, 32)),
      signed,
      hash: scope.rosterHash,
      words: rosterWords(signed.roster),
      leadWords: keyWords(signed.roster.lead),
    },
    study: { canonical: canonicalJson(study), hash },
    epoch: { deal, shareOfBeta: share, key: hex(epochKey), keyId: epochKeyId(epochKey) },
    cohort: { cohort, hash: cohortHash(cohort) },
    attempt: attempt.shown,
    encoding: {
      scale: updateScale(members.length, study.clip),
      updates,
      packed: packed.map((v) => hex(encodeRing(v))),
    },
    seal: SITES.map((site) => hex(sealLayer(epochKey, reference, site).seed)),
    maskedInputs: masked.map((vector) => hex(encodeRing(vector))),
    sealedSum: hex(encodeRing(sum)),
    opened: { meanUpdate: [...opened.meanUpdate], images: opened.images, metrics: opened.metrics },
    shamir: {
      ...SHAMIR,
      rebuilt: hex(await combineShares(SHAMIR.shares.map((text) => new Uint8Array(Buffer.from(text, "hex"))))),
    },
  };
}

/** The fresh keys of one attempt, and what follows from them. */
function attemptOf(identities: readonly Identity[], cohort: Cohort) {
  const { reference } = cohort;
  const hash = cohortHash(cohort);
  const sites = identities.map(({ site, sign: keys }, i) => {
    const [shareSecret, maskSecret, selfSeed] = [80, 120, 160].map((first) => counting(first + 8 * i)(32));
    const own = { site, shareKey: toBase64(publicKeyOf(shareSecret)), maskKey: toBase64(publicKeyOf(maskSecret)) };
    const signature = sign(advertisementTranscript(cohort, hash, own), keys.secretKey);
    return { site, shareSecret, maskSecret, selfSeed, advertisement: { ...own, signature }, keys };
  });
  const secretOf = (i: number, j: number) =>
    agree(sites[i].maskSecret, fromBase64(sites[j].advertisement.maskKey), SITES[j]);
  const pair = (i: number, j: number) => pairLayer(secretOf(i, j), reference, SITES[i], SITES[j]);
  const selfLayerOf = (i: number) => selfLayer(sites[i].selfSeed, reference, SITES[i]);
  const survivors = SITES.slice(0, 2);
  const shares = { selfMask: counting(1)(49), maskKey: counting(50)(33) };
  const boxSecret = agree(sites[0].shareSecret, fromBase64(sites[1].advertisement.shareKey), "beta");
  const firstWords = new Uint32Array(8);
  addMask(firstWords, { ...pair(0, 1), sign: 1 });
  return {
    selfLayerOf,
    layers: (i: number) => [selfLayerOf(i), ...SITES.flatMap((_, j) => (i === j ? [] : [pair(i, j)]))],
    shown: {
      sites: sites.map(({ site, shareSecret, maskSecret, selfSeed, advertisement }) => ({
        site,
        shareSecret: hex(shareSecret),
        maskSecret: hex(maskSecret),
        selfSeed: hex(selfSeed),
        selfMaskSecret: hex(selfMaskSecret(selfSeed)),
        advertisement,
      })),
      advertisementTranscriptOfAlpha: hex(advertisementTranscript(cohort, hash, sites[0].advertisement)),
      pairSecretAlphaBeta: hex(secretOf(0, 1)),
      pairMaskSeedAlphaBeta: hex(pair(0, 1).seed),
      pairMaskFirstWords: hex(encodeRing(firstWords)),
      selfMaskSeedAlpha: hex(selfLayerOf(0).seed),
      sharesAlphaToBeta: {
        selfMask: hex(shares.selfMask),
        maskKey: hex(shares.maskKey),
        sealed: sealShares(boxSecret, reference, { from: "alpha", to: "beta", shares }, counting(9)),
      },
      survivors,
      dropped: ["gamma"],
      survivorTranscript: hex(survivorTranscript(cohort, hash, survivors, ["gamma"])),
      survivorSignatureOfAlpha: sign(survivorTranscript(cohort, hash, survivors, ["gamma"]), sites[0].keys.secretKey),
    },
  };
}

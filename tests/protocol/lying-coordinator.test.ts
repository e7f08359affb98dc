// One test an attack: whole sites with rosters, policies and journals against a coordinator, or a site, that lies.
import { fromBase64, toBase64 } from "@fedbaps/core/common/bytes.js";
import { takeSumReply } from "@fedbaps/core/federation/round-sum.js";
import { packUpdate, sealedLength, updateLength } from "@fedbaps/core/federation/update.js";
import { SecAggClient } from "@fedbaps/core/secagg/client.js";
import { cohortHash } from "@fedbaps/core/secagg/cohort.js";
import { dealEpochKey, epochShareFor } from "@fedbaps/core/secagg/epoch.js";
import { createIdentity, type Identity, memberOf, sign } from "@fedbaps/core/secagg/keys.js";
import { rosterHash, signRoster } from "@fedbaps/core/secagg/roster.js";
import { simulate } from "@fedbaps/core/secagg/simulate.js";
import { advertisementTranscript } from "@fedbaps/core/secagg/transcripts.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import { type Instruction, instructionSchema, type Reply, replySchema } from "@fedbaps/core/wire/messages.js";
import type { Cohort, KeyAdvertisement, RevealedShare, UnmaskRequest } from "@fedbaps/core/wire/secagg-messages.js";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { codeOf } from "../support/codes.js";
import { LOW_ORDER } from "../support/low-order.js";
import { largestDifference } from "../support/numbers.js";
import { removeTemporaryFolders } from "../support/temporary-folder.js";
import {
  Attempt,
  cohortOf,
  type Federation,
  federate,
  type HonestSite,
  lead,
  meanOf,
  type Party,
} from "./honest-sites.js";
import { plainSum, seededBytes } from "./parties.js";

removeTemporaryFolders();

let federation: Federation;
let sites: readonly HonestSite[];

beforeEach(async () => {
  federation = await federate();
  ({ sites } = federation);
});

function altered(base64: string): string {
  const bytes = fromBase64(base64);
  bytes[bytes.length >> 1] ^= 1;
  return toBase64(bytes);
}

const sentBy = (phase: Reply["phase"]) => sites.map(({ sent }) => sent.filter((reply) => reply.phase === phase).length);
const nothing = [0, 0, 0, 0];

/** The coordinator is honest again: the sites make their sum, and it opens to the mean of what they trained. */
async function expectRecovery(attempt: number, parties: readonly HonestSite[] = sites): Promise<void> {
  const next = new Attempt(federation, attempt, parties);
  const result = await next.run();
  const { meanUpdate } = await next.open(result);
  expect(result.survivors).toEqual(parties.map(({ name }) => name));
  expect(largestDifference(meanUpdate, await meanOf(parties))).toBeLessThan(1e-5);
}

function requestOf(survivors: string[], replies: readonly Reply[], names: readonly string[]): UnmaskRequest {
  const signatures = replies.flatMap((reply) => (reply.phase === "consistency" ? [reply.signature] : []));
  return { survivors, dropped: names.filter((name) => !survivors.includes(name)), signatures };
}

describe("a split view", () => {
  it("two lists of survivors for two halves of the sites: neither gathers enough signatures", async () => {
    const attempt = new Attempt(federation, 1);
    await attempt.mask();
    const { names } = attempt;
    const lists = [names.slice(0, 3), names];
    const replies: Reply[] = [];
    for (const [i, site] of sites.entries()) replies.push(await attempt.sign(site, lists[i < 2 ? 0 : 1]));
    for (const [i, site] of sites.entries()) {
      const own = requestOf(lists[i < 2 ? 0 : 1], replies.slice(...(i < 2 ? [0, 2] : [2, 4])), names);
      const all = requestOf(lists[i < 2 ? 0 : 1], replies.slice(0, 3), names);
      const other = requestOf(lists[i < 2 ? 1 : 0], replies.slice(0, 3), names);
      expect(await codeOf(() => attempt.ask(site, own))).toBe("TOO_FEW_SIGNATURES");
      expect(await codeOf(() => attempt.ask(site, all))).toBe("BAD_SIGNATURE");
      expect(await codeOf(() => attempt.ask(site, other))).toBe("LIST_MISMATCH");
    }
    expect(sentBy("unmask")).toEqual(nothing);
    expect(sites.flatMap(({ store }) => store.records("revealed"))).toEqual([]);
    await expectRecovery(2);
  });

  it("two cohorts for two halves of the sites: each half's signatures are worthless to the other", async () => {
    const attempt = new Attempt(federation, 1);
    const advertisements: KeyAdvertisement[] = [];
    for (const [i, site] of sites.entries()) {
      const reply = await attempt.begin(site, i < 2 ? attempt.cohort : { ...attempt.cohort, minSurvivors: 4 });
      if (reply.phase === "advertiseKeys") advertisements.push(reply.advertisement);
    }
    for (const site of sites)
      expect(
        await codeOf(() => site.answer({ phase: "shareKeys", reference: attempt.cohort.reference, advertisements })),
      ).toBe("BAD_SIGNATURE");
    expect(sentBy("shareKeys")).toEqual(nothing);
    await expectRecovery(2);
  });

  it("two keys for two halves of the sites: who was dealt another key than the cohort's refuses", async () => {
    const second = await sites[1].seal.deal(federation.roster, 1);
    const attempt = new Attempt(federation, 1);
    for (const site of sites.slice(2)) {
      const epoch = second ? (epochShareFor(second, site.name) ?? null) : null;
      expect(await codeOf(() => site.answer({ phase: "advertiseKeys", cohort: attempt.cohort, epoch }))).toBe(
        "NO_EPOCH_KEY",
      );
    }
    expect(sentBy("advertiseKeys")).toEqual(nothing);
    await expectRecovery(2);
  });
});

describe("both shares of one site", () => {
  it("asked for in one attempt, as if a link had been lost: the first answer stands, nothing else leaves", async () => {
    const attempt = new Attempt(federation, 1);
    const request = await attempt.confirm();
    const first = await attempt.ask(sites[0], request);
    const victim = request.survivors[3];
    const survivors = request.survivors.slice(0, 3);
    const turned = { ...request, survivors, dropped: [victim] };
    const others: [UnmaskRequest, string][] = [
      [turned, "REVEAL_CONFLICT"],
      [{ ...request, survivors }, "REVEAL_CONFLICT"],
      [{ ...request, dropped: [victim] }, "CONFLICTING_REPEAT"],
    ];
    for (const [other, code] of others) expect(await codeOf(() => attempt.ask(sites[0], other))).toBe(code);
    expect(await codeOf(() => attempt.sign(sites[0], survivors))).toBe("REVEAL_CONFLICT");
    expect(await attempt.ask(sites[0], structuredClone(request))).toEqual(first);
    // Who has signed but not answered yet is bound by its signature.
    expect(await codeOf(() => attempt.ask(sites[1], turned))).toBe("LIST_MISMATCH");
    const kinds = sites.flatMap(({ sent }) =>
      sent.flatMap((reply) =>
        reply.phase === "unmask" ? reply.shares.map(({ site, kind }) => `${site} ${kind}`) : [],
      ),
    );
    expect(new Set(kinds)).toEqual(new Set(request.survivors.map((site) => `${site} selfMask`)));
    await expectRecovery(2);
  });

  it("asked for after a restart of the site: the attempt's secrets are gone with the process", async () => {
    const attempt = new Attempt(federation, 1);
    const request = await attempt.confirm();
    await attempt.ask(sites[0], request);
    const again = await sites[0].restarted();
    const other = { ...request, survivors: request.survivors.slice(0, 3), dropped: [request.survivors[3]] };
    for (const asked of [request, other])
      expect(await codeOf(() => attempt.ask(again, asked))).toBe("CLIENT_STATE_LOST");
    expect(again.sent).toEqual([]);
    await expectRecovery(2, [again, ...sites.slice(1)]);
  });
});

describe("a live site claimed dropped", () => {
  it("in one attempt: the others' sum comes out, its own vector stays hidden, and it signs no list without it", async () => {
    const attempt = new Attempt(federation, 1);
    const { vectors } = await attempt.mask([sites[3].name]);
    const survivors = attempt.names.slice(0, 3);
    expect(await codeOf(() => attempt.sign(sites[3], survivors))).toBe("LIST_MISMATCH");
    for (const site of sites.slice(0, 3)) {
      const reply = await attempt.sign(site, survivors);
      if (reply.phase === "consistency") attempt.server.receiveConfirmation(reply.signature);
    }
    const request = attempt.server.closeConfirmations();
    for (const site of sites.slice(0, 3)) {
      const reply = await attempt.ask(site, request);
      if (reply.phase === "unmask") attempt.server.receiveRevealed(site.name, reply.shares);
    }
    const result = await attempt.server.finish();
    const { meanUpdate } = await attempt.open(result);
    expect(largestDifference(meanUpdate, await meanOf(sites.slice(0, 3)))).toBeLessThan(1e-5);
    // Its pairwise masks can be rebuilt now; its self mask cannot: of that, no share has left any site.
    const shares = sites.flatMap(({ sent }) => sent.flatMap((reply) => (reply.phase === "unmask" ? reply.shares : [])));
    expect(shares.filter(({ site, kind }) => site === sites[3].name && kind === "selfMask")).toEqual([]);
    expect(vectors.get(sites[3].name)).toBeDefined();
    expect(sentBy("unmask")).toEqual([1, 1, 1, 0]);
    // The next sum would be with it, and the difference its contribution.
    const next = new Attempt(federation, 2);
    await next.mask();
    for (const site of sites.slice(0, 3))
      expect(await codeOf(() => next.sign(site, next.names))).toBe("REVEAL_CONFLICT");
    expect(sentBy("consistency")).toEqual([1, 1, 1, 0]);
    const last = new Attempt(federation, 3);
    const { sum } = await last.run([sites[3].name]);
    expect((await last.open({ sum, survivors })).sites).toBe(3);
  });

  it("in the attempt after a sum with it: refused before anything is signed, also after a restart", async () => {
    await new Attempt(federation, 1).run();
    const reopened = await Promise.all(sites.map((site) => site.restarted()));
    const attempt = new Attempt(federation, 2, reopened);
    const { survivors } = await attempt.mask([reopened[3].name]);
    for (const site of reopened.slice(0, 3)) {
      expect(await codeOf(() => attempt.sign(site, survivors))).toBe("REVEAL_CONFLICT");
      expect(site.sent.filter(({ phase }) => phase === "consistency")).toEqual([]);
    }
    await expectRecovery(3, reopened);
  });
});

describe("a replay", () => {
  it("of the last attempt's advertisements, boxes, signatures and requests: refused in the next", async () => {
    const old = new Attempt(federation, 1);
    const advertisements = await old.advertise();
    const dealt: Extract<Reply, { phase: "shareKeys" }>[] = [];
    for (const site of sites) {
      const reply = await site.answer({ phase: "shareKeys", reference: old.cohort.reference, advertisements });
      if (reply.phase === "shareKeys") dealt.push(reply);
    }
    for (const reply of dealt) old.server.receiveShares(reply.shares[0].from, reply.shares);
    old.server.closeShares();
    const boxes = old.server.sharesFor(sites[0].name);

    const attempt = new Attempt(federation, 2);
    const { reference } = attempt.cohort;
    const fresh = await attempt.advertise();
    const [site] = sites;
    const share = (list: KeyAdvertisement[]) => site.answer({ phase: "shareKeys", reference, advertisements: list });
    expect(await codeOf(() => share(advertisements))).toBe("BAD_SIGNATURE");
    expect(await codeOf(() => share([fresh[0], advertisements[1], ...fresh.slice(2)]))).toBe("BAD_SIGNATURE");
    for (const party of sites) {
      const reply = await party.answer({ phase: "shareKeys", reference, advertisements: fresh });
      if (reply.phase === "shareKeys") attempt.server.receiveShares(party.name, reply.shares);
    }
    expect(await codeOf(() => site.answer({ phase: "maskedInput", reference, shares: boxes }))).toBe("BAD_BOX");
    attempt.server.closeShares();
    for (const party of sites) {
      const shares = attempt.server.sharesFor(party.name);
      const reply = await party.answer({ phase: "maskedInput", reference, shares });
      if (reply.phase === "maskedInput") takeSumReply({ ...attempt, phase: "maskedInput" }, party.name, reply);
    }
    const replies: Reply[] = [];
    for (const party of sites) replies.push(await attempt.sign(party, attempt.names));
    const request = requestOf(attempt.names, replies, attempt.names);

    const third = new Attempt(federation, 3);
    await third.mask();
    for (const party of sites) await third.sign(party, third.names);
    expect(await codeOf(() => third.ask(site, request))).toBe("BAD_SIGNATURE");
    expect(sentBy("unmask")).toEqual(nothing);
    await expectRecovery(4);
  });

  it("of a whole instruction of an attempt that is over: the site has forgotten its keys", async () => {
    const old = new Attempt(federation, 1);
    const advertisements = await old.advertise();
    await new Attempt(federation, 2).advertise();
    const { reference } = old.cohort;
    const instructions: Instruction[] = [
      { phase: "shareKeys", reference, advertisements },
      { phase: "maskedInput", reference, shares: [] },
      { phase: "consistency", reference, survivors: old.names },
      { phase: "unmask", reference, request: { survivors: old.names, dropped: [], signatures: [] } },
    ];
    for (const instruction of instructions)
      expect(await codeOf(() => sites[0].answer(instruction))).toBe("CLIENT_STATE_LOST");
    expect(await codeOf(() => sites[0].answer({ phase: "advertiseKeys", ...moved(federation, { round: 2 }) }))).toBe(
      "NO_UPDATE",
    );
    await expectRecovery(3);
  });

  it("of one attempt in a cohort of another size: refused, for the seals would be the same on another scale", async () => {
    // What it would give: two sums under the same seals, whose difference is the sum itself.
    const key = seededBytes(5)(32);
    const names = federation.sites.map(({ name }) => name);
    const play = (cohort: string[], scale: number) =>
      simulate({
        sites: cohort,
        threshold: 3,
        minSurvivors: 3,
        inputs: new Map(cohort.map((site, i) => [site, Uint32Array.of((i + 1) * scale)])),
        ...(cohort.length === 4 ? { dropouts: new Map([[names[3], "maskedInput" as const]]) } : {}),
        random: seededBytes(6),
        seal: { key, length: 1 },
      });
    const [small, large] = [await play(names.slice(0, 3), 2), await play(names, 1)];
    expect((small.sum[0] - large.sum[0]) >>> 0).toBe(1 + 2 + 3);

    await new Attempt(federation, 1).run([sites[3].name]);
    for (const site of sites.slice(0, 3)) {
      site.sums.forget();
      const again = new Attempt(federation, 1, sites.slice(0, 3));
      const before = site.sent.length;
      expect(await codeOf(() => again.begin(site))).toBe("REVEAL_CONFLICT");
      expect(site.sent).toHaveLength(before);
    }
    const next = new Attempt(federation, 2);
    expect((await next.open(await next.run([sites[3].name]))).sites).toBe(3);
  });
});

/** The first attempt's cohort with another reference, as an instruction. */
function moved(given: Federation, change: Partial<Cohort["reference"]>) {
  const cohort = cohortOf(given, 3, given.sites);
  const epoch = epochShareFor(given.deal, given.sites[0].name) ?? null;
  return { cohort: { ...cohort, reference: { ...cohort.reference, ...change } }, epoch };
}

describe("a cohort", () => {
  const stranger = createIdentity("site-9", seededBytes(55));
  const impostor = createIdentity("site-2", seededBytes(56));
  type Change = (cohort: Cohort) => Partial<Cohort>;
  const put = (cohort: Cohort, index: number, identity: Identity) =>
    cohort.members.map((member, i) => (i === index ? memberOf(identity) : member));
  const swap = (cohort: Cohort, key: "signKey" | "boxKey") =>
    cohort.members.map((member, i) => ({ ...member, [key]: cohort.members[[0, 2, 1, 3][i]][key] }));

  it.each<[string, string, Change]>([
    ["with the box keys of two sites swapped", "BAD_COHORT", (cohort) => ({ members: swap(cohort, "boxKey") })],
    ["with the signature keys of two sites swapped", "BAD_COHORT", (cohort) => ({ members: swap(cohort, "signKey") })],
    ["with the coordinator's keys for a site", "BAD_COHORT", (cohort) => ({ members: put(cohort, 2, impostor) })],
    ["with an invented site", "BAD_COHORT", (cohort) => ({ members: [...cohort.members, memberOf(stranger)] })],
    ["of invented sites around one", "BAD_COHORT", (cohort) => ({ members: [cohort.members[0], ...inventions()] })],
    ["under another lead's roster", "ROSTER_NOT_ACCEPTED", () => ({ rosterHash: rosterHash(foreign().roster) })],
    ["under a roster not accepted yet", "ROSTER_NOT_ACCEPTED", () => ({ rosterHash: rosterHash(newer().roster) })],
    ["with a lower threshold", "BAD_COHORT", () => ({ threshold: 2 })],
    ["with fewer survivors than the study needs", "BAD_COHORT", () => ({ threshold: 2, minSurvivors: 2 })],
    [
      "of two sites",
      "BAD_COHORT",
      (cohort) => ({ members: cohort.members.slice(0, 2), threshold: 2, minSurvivors: 2 }),
    ],
    ["of another study's text", "BAD_COHORT", () => ({ studyHash: "1".repeat(64) })],
    ["with longer vectors", "BAD_COHORT", (cohort) => ({ length: cohort.length + 1 })],
    ["without a seal", "BAD_COHORT", () => ({ seal: null })],
    ["sealed by a key nobody dealt", "NO_EPOCH_KEY", () => ({ seal: "2".repeat(64) })],
  ])("%s: %s at every site that is told so, nothing is sent", async (_, code, change) => {
    const right = cohortOf(federation, 1, sites);
    const cohort = { ...right, ...change(right) };
    for (const site of sites.slice(0, 2)) {
      const epoch = cohort.seal === null ? null : (epochShareFor(federation.deal, site.name) ?? null);
      expect(await codeOf(() => site.answer({ phase: "advertiseKeys", cohort, epoch }))).toBe(code);
      expect(site.sent).toEqual([]);
    }
    await expectRecovery(2);
  });

  const inventions = () => ["site-1", "site-2"].map((name, i) => memberOf(createIdentity(name, seededBytes(60 + i))));
  const foreign = () => signRoster(federation.roster.members, createIdentity("x", seededBytes(70)).sign);
  const newer = () => signRoster([...federation.roster.members, memberOf(stranger)], lead, federation.roster);

  it("below a site's own floor, whatever the study says: refused by that site", async () => {
    federation = await federate({ policy: { minCohort: 4 } });
    ({ sites } = federation);
    for (const parties of [sites, sites.slice(0, 3)])
      expect(await codeOf(() => new Attempt(federation, 1, parties).begin(sites[0]))).toBe("BAD_COHORT");
    expect(sites[0].sent).toEqual([]);
    const next = new Attempt(federation, 2, sites, { minSurvivors: 4 });
    expect((await next.open(await next.run())).sites).toBe(4);
  });

  it("changed within one attempt: refused, the first stands", async () => {
    const attempt = new Attempt(federation, 1);
    const first = await attempt.begin(sites[0]);
    expect(await codeOf(() => attempt.begin(sites[0], { ...attempt.cohort, minSurvivors: 4 }))).toBe("BAD_COHORT");
    expect(await attempt.begin(sites[0])).toEqual(first);
    await expectRecovery(2);
  });

  it("sealed by the key of a roster before, which a site that left still has: refused", async () => {
    await new Attempt(federation, 1).advertise();
    const { members } = federation.roster;
    const { roster } = signRoster(members.slice(0, 3), lead, federation.roster);
    const left = sites.slice(0, 3);
    for (const site of left) site.accepted.roster = roster;
    const cohort = { ...cohortOf({ ...federation, roster }, 2, left), rosterHash: rosterHash(roster) };
    for (const site of left)
      for (const [epoch, code] of [
        [epochShareFor(federation.deal, site.name) ?? null, "LIST_MISMATCH"],
        [null, "NO_EPOCH_KEY"],
      ] as const)
        expect(await codeOf(() => site.answer({ phase: "advertiseKeys", cohort, epoch }))).toBe(code);
    expect(sentBy("advertiseKeys")).toEqual([1, 1, 1, 1]);
    const deal = await left[0].seal.deal(roster, 1);
    if (!deal) throw new Error("no deal");
    federation = { ...federation, roster, deal };
    await expectRecovery(3, left);
  });
});

describe("signatures", () => {
  it("stripped: no message without them passes the wire's schemas", async () => {
    const attempt = new Attempt(federation, 1);
    const advertisements = await attempt.advertise();
    const { reference } = attempt.cohort;
    const bare = advertisements.map(({ signature, ...rest }) => ({ ...rest, signature: "" }));
    const absent = advertisements.map(({ signature, ...rest }) => rest);
    const share = epochShareFor(federation.deal, sites[0].name);
    const request = { survivors: attempt.names, dropped: [], signatures: [{ site: sites[0].name, signature: "" }] };
    for (const instruction of [
      { phase: "shareKeys", reference, advertisements: bare },
      { phase: "shareKeys", reference, advertisements: absent },
      { phase: "advertiseKeys", cohort: attempt.cohort, epoch: { ...share, signature: "" } },
      { phase: "unmask", reference, request },
    ])
      expect(instructionSchema.safeParse(instruction).success).toBe(false);
    await expectRecovery(2);
  });

  it("altered, of the epoch key's maker or of the survivors: BAD_SIGNATURE", async () => {
    const attempt = new Attempt(federation, 1);
    const share = epochShareFor(federation.deal, sites[1].name);
    if (!share) throw new Error("no share");
    const epoch = { ...share, signature: altered(share.signature) };
    expect(await codeOf(() => sites[1].answer({ phase: "advertiseKeys", cohort: attempt.cohort, epoch }))).toBe(
      "BAD_SIGNATURE",
    );
    const request = await attempt.confirm();
    const signatures = request.signatures.map((entry, i) =>
      i === 1 ? { ...entry, signature: altered(entry.signature) } : entry,
    );
    expect(await codeOf(() => attempt.ask(sites[0], { ...request, signatures }))).toBe("BAD_SIGNATURE");
    expect(sentBy("unmask")).toEqual(nothing);
    await expectRecovery(2);
  });

  it("of the epoch key by another than its maker, or by a stranger: refused", async () => {
    const { roster, hash, study } = federation;
    const scope = { studyHash: hash, roster, rosterHash: rosterHash(roster), sites: study.participation.sites };
    const random = seededBytes(80);
    const [, second] = federation.identities;
    const stolen = { ...dealEpochKey(second, scope, new Map(), random), maker: sites[2].name };
    const invented = createIdentity("site-9", random);
    const wide = signRoster([...roster.members, memberOf(invented)], lead).roster;
    const strange = { ...dealEpochKey(invented, { ...scope, roster: wide }, new Map(), random) };
    for (const [deal, code] of [
      [stolen, "BAD_SIGNATURE"],
      [strange, "UNKNOWN_SITE"],
    ] as const) {
      const cohort = { ...cohortOf(federation, 1, sites), seal: deal.keyId };
      const epoch = epochShareFor(deal, sites[0].name) ?? null;
      expect(await codeOf(() => sites[0].answer({ phase: "advertiseKeys", cohort, epoch }))).toBe(code);
    }
    expect(sites[0].sent).toEqual([]);
    await expectRecovery(2);
  });
});

describe("malformed frames", () => {
  const reference = { study: "study", round: 1, attempt: 1 };
  const key = toBase64(new Uint8Array(32));
  const signature = toBase64(new Uint8Array(64));

  it.each<[string, unknown]>([
    ["nothing", null],
    ["a number", 7],
    ["no phase", { reference }],
    ["an unknown phase", { phase: "tellAll", reference }],
    ["an extra field", { phase: "consistency", reference, survivors: [], more: 1 }],
    ["a list that is too long", { phase: "consistency", reference, survivors: new Array(201).fill("site-1") }],
    ["a name that is a path", { phase: "consistency", reference, survivors: ["../site-1"] }],
    ["a round of zero", { phase: "consistency", reference: { ...reference, round: 0 }, survivors: [] }],
    [
      "an attempt that is no number",
      { phase: "consistency", reference: { ...reference, attempt: "1" }, survivors: [] },
    ],
    [
      "an attempt beyond 32 bits",
      { phase: "consistency", reference: { ...reference, attempt: 2 ** 32 }, survivors: [] },
    ],
    [
      "a box beyond its bound",
      { phase: "maskedInput", reference, shares: [{ from: "a", to: "b", box: "A".repeat(5000) }] },
    ],
    ["a box that is no base64", { phase: "maskedInput", reference, shares: [{ from: "a", to: "b", box: "!" }] }],
    [
      "a short key",
      {
        phase: "shareKeys",
        reference,
        advertisements: [{ site: "a", shareKey: toBase64(new Uint8Array(31)), maskKey: key, signature }],
      },
    ],
    [
      "a long signature",
      {
        phase: "shareKeys",
        reference,
        advertisements: [{ site: "a", shareKey: key, maskKey: key, signature: `${signature}AAAA` }],
      },
    ],
  ])("%s: no site acts on it", async (_, frame) => {
    expect(instructionSchema.safeParse(frame).success).toBe(false);
    expect(await codeOf(() => sites[0].answer(frame as Instruction))).not.toBe("nothing thrown");
    expect(sites[0].sent).toEqual([]);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["readiness that is no yes", { phase: "recruiting", reference, ready: false }],
    ["queries below zero", { phase: "training", reference, queries: -1 }],
    ["queries that are no number", { phase: "training", reference, queries: Number.NaN }],
    ["a vector of numbers", { phase: "maskedInput", reference, vector: [1, 2, 3] }],
    ["a share of an unknown kind", { phase: "unmask", reference, shares: [{ site: "a", kind: "both", share: "" }] }],
    [
      "too many shares",
      { phase: "unmask", reference, shares: new Array(401).fill({ site: "a", kind: "selfMask", share: "" }) },
    ],
    ["an extra field", { phase: "training", reference, queries: 1, images: ["a.png"] }],
  ])("%s: the coordinator does not take it", (_, frame) => {
    expect(replySchema.safeParse(frame).success).toBe(false);
  });

  it("truncated and oversized vectors: refused, and the attempt goes on without their sender", async () => {
    const attempt = new Attempt(federation, 1);
    await attempt.share();
    const state = { ...attempt, phase: "maskedInput" } as const;
    for (const [i, site] of sites.entries()) {
      const shares = attempt.server.sharesFor(site.name);
      const reply = await site.answer({ phase: "maskedInput", reference, shares });
      if (reply.phase !== "maskedInput") continue;
      if (i > 0) takeSumReply(state, site.name, reply);
      else
        for (const vector of [reply.vector.slice(1), reply.vector.slice(4), new Uint8Array(0), long(reply.vector)])
          expect(await codeOf(() => takeSumReply(state, site.name, { ...reply, vector }))).toBe("VECTOR_LENGTH");
    }
    const survivors = attempt.server.closeMaskedInput();
    expect(survivors).toEqual(attempt.names.slice(1));
    for (const site of sites.slice(1)) {
      const reply = await attempt.sign(site, survivors);
      if (reply.phase === "consistency") attempt.server.receiveConfirmation(reply.signature);
    }
    const request = attempt.server.closeConfirmations();
    for (const site of sites.slice(1)) {
      const reply = await attempt.ask(site, request);
      if (reply.phase === "unmask") attempt.server.receiveRevealed(site.name, reply.shares);
    }
    const { meanUpdate } = await attempt.open(await attempt.server.finish());
    expect(largestDifference(meanUpdate, await meanOf(sites.slice(1)))).toBeLessThan(1e-5);
  });

  const long = (vector: Uint8Array) => Uint8Array.of(...vector, 0, 0, 0, 0);
});

describe("points of low order", () => {
  const points = LOW_ORDER.map((point) => toBase64(point));

  it.each(["shareKey", "maskKey"] as const)(
    "as a %s signed by its site: BAD_KEY at coordinator and site",
    async (role) => {
      const attempt = new Attempt(federation, 1);
      const advertisements: KeyAdvertisement[] = [];
      for (const site of sites) {
        const reply = await attempt.begin(site);
        if (reply.phase === "advertiseKeys") advertisements.push(reply.advertisement);
      }
      const { reference } = attempt.cohort;
      for (const point of points) {
        const keys = { ...advertisements[1], [role]: point };
        const transcript = advertisementTranscript(attempt.cohort, cohortHash(attempt.cohort), keys);
        const signed = { ...keys, signature: sign(transcript, federation.identities[1].sign.secretKey) };
        expect(await codeOf(() => attempt.server.receiveAdvertisement(signed))).toBe("BAD_KEY");
        const list = advertisements.map((entry, i) => (i === 1 ? signed : entry));
        const share = () => sites[0].answer({ phase: "shareKeys", reference, advertisements: list });
        expect(await codeOf(share)).toBe("BAD_KEY");
      }
      expect(sentBy("shareKeys")).toEqual(nothing);
      await expectRecovery(2);
    },
  );
});

describe("shares out of range", () => {
  type Spoil = (share: Uint8Array, others: readonly Uint8Array[]) => Uint8Array;
  const coordinate = (share: Uint8Array, x: number) => Uint8Array.of(...share.subarray(0, -1), x);
  const kinds: [string, Spoil][] = [
    ["the coordinate zero", (share) => coordinate(share, 0)],
    ["another's coordinate", (share, others) => coordinate(share, others[0].at(-1) ?? 0)],
    ["another site's share", (_share, others) => others[0]],
    ["all bits set", (share) => share.map(() => 255)],
  ];

  it.each(kinds)("%s: never a wrong sum; a true answer more, and the sum is right", async (_, spoil) => {
    const attempt = new Attempt(federation, 1);
    const request = await attempt.confirm();
    const answers: RevealedShare[][] = [];
    for (const site of sites) {
      const reply = await attempt.ask(site, request);
      if (reply.phase === "unmask") answers.push(reply.shares);
    }
    const lie = answers[0].map((entry, i) => {
      const others = answers.slice(1).map((answer) => fromBase64(answer[i].share));
      return { ...entry, share: toBase64(spoil(fromBase64(entry.share), others)) };
    });
    attempt.server.receiveRevealed(sites[0].name, lie);
    for (const i of [1, 2]) attempt.server.receiveRevealed(sites[i].name, answers[i]);
    expect(await codeOf(() => attempt.server.finish())).toBe("BAD_SHARES");
    attempt.server.receiveRevealed(sites[3].name, answers[3]);
    const { meanUpdate } = await attempt.open(await attempt.server.finish());
    expect(largestDifference(meanUpdate, await meanOf(sites))).toBeLessThan(1e-5);
  });

  it("of a wrong length: refused on arrival", async () => {
    const attempt = new Attempt(federation, 1);
    const reply = await attempt.ask(sites[0], await attempt.confirm());
    if (reply.phase !== "unmask") throw new Error(reply.phase);
    for (const share of ["", toBase64(new Uint8Array(33)), toBase64(new Uint8Array(64))]) {
      const shares = reply.shares.map((entry, i) => (i === 2 ? { ...entry, share } : entry));
      expect(await codeOf(() => attempt.server.receiveRevealed(sites[0].name, shares))).toBe("BAD_SHARES");
    }
    expect(await codeOf(() => attempt.server.receiveRevealed(sites[0].name, reply.shares))).toBe("nothing thrown");
  });
});

/** A site with the right keys that puts what it likes into the sum. */
class LyingSite implements Party {
  #client: SecAggClient | undefined;

  constructor(
    readonly name: string,
    private readonly identity: Identity,
    private readonly key: Uint8Array,
    private readonly input: (cohort: Cohort) => Uint32Array,
    private cohort?: Cohort,
  ) {}

  async answer(instruction: Instruction): Promise<Reply> {
    if (instruction.phase === "advertiseKeys") {
      const { cohort } = instruction;
      this.cohort = cohort;
      const { identity, key } = this;
      const seal = { key, length: sealedLength(cohort.length - updateLength(0)) };
      this.#client = new SecAggClient({ identity, cohort, random: seededBytes(90), seal });
      return { phase: "advertiseKeys", reference: cohort.reference, advertisement: this.#client.advertiseKeys() };
    }
    const client = this.#client;
    if (!client || !this.cohort || !("reference" in instruction)) throw new Error("not begun");
    const { reference } = instruction;
    switch (instruction.phase) {
      case "shareKeys":
        return { phase: "shareKeys", reference, shares: await client.shareKeys(instruction.advertisements) };
      case "maskedInput": {
        const vector = encodeRing(client.maskInput(instruction.shares, this.input(this.cohort)));
        return { phase: "maskedInput", reference, vector: new Uint8Array(vector) };
      }
      case "consistency":
        return { phase: "consistency", reference, signature: client.confirmSurvivors(instruction.survivors) };
      case "unmask":
        return { phase: "unmask", reference, shares: client.unmask(instruction.request) };
      default:
        throw new Error(instruction.phase);
    }
  }
}

describe("a site that lies about its part", () => {
  /** @param change of an honest input, or another in its place. */
  async function withLie(change: (input: Uint32Array, count: number) => Uint32Array) {
    await new Attempt(federation, 1).advertise();
    const key = await sites[3].seal.kept(federation.deal.keyId);
    const count = (await sites[3].work.trained(1))?.delta.length ?? 0;
    const liar = new LyingSite(sites[3].name, federation.identities[3], key, (cohort) => {
      const delta = new Float32Array(count).fill(0.1);
      const { clip } = federation.study;
      const base = { delta, clip, images: 40, maxImages: 100, metrics: {}, cohortSize: cohort.members.length };
      return change(packUpdate(base), count);
    });
    const attempt = new Attempt(federation, 2, [...sites.slice(0, 3), liar]);
    return { attempt, result: await attempt.run() };
  }

  it("with more images than the study allows: the sites see it when they open the sum", async () => {
    const { attempt, result } = await withLie((input) => {
      input[input.length - updateLength(0)] = 401;
      return input;
    });
    expect(await codeOf(() => attempt.open(result))).toBe("IMPOSSIBLE_SUM");
    await expectRecovery(3);
  });

  it("with an update far beyond the clip bound: the sites see it when they open the sum", async () => {
    const { attempt, result } = await withLie((input) => input.fill(0x3fffffff, 0, 20));
    expect(await codeOf(() => attempt.open(result))).toBe("IMPOSSIBLE_SUM");
    await expectRecovery(3);
  });

  it("within the bounds: moves the mean no further than the clip bound allows", async () => {
    const { clip } = federation.study;
    const { attempt, result } = await withLie((_input, count) => {
      const delta = new Float32Array(count).fill(1e6);
      return packUpdate({ delta, clip, images: 100, maxImages: 100, metrics: {}, cohortSize: 4 });
    });
    const { meanUpdate } = await attempt.open(result);
    expect(Math.hypot(...meanUpdate)).toBeLessThanOrEqual(clip);
    const honest = await meanOf(sites.slice(0, 3));
    expect(Math.hypot(...meanUpdate.map((value, i) => value - honest[i]))).toBeLessThanOrEqual(2 * clip);
  });

  it("under another's name or key: has no part in the sum", async () => {
    const attempt = new Attempt(federation, 1);
    const reply = await attempt.begin(sites[3]);
    if (reply.phase !== "advertiseKeys") throw new Error(reply.phase);
    const state = { ...attempt, phase: "advertiseKeys" } as const;
    expect(await codeOf(() => takeSumReply(state, sites[2].name, reply))).toBe("WRONG_SENDER");
    const foreign = { ...reply.advertisement, site: sites[2].name };
    const stolen = { ...reply, advertisement: foreign };
    expect(await codeOf(() => takeSumReply(state, sites[2].name, stolen))).toBe("BAD_SIGNATURE");
  });
});

it("a sealed sum, as the coordinator has it, agrees with the plain one in no sealed element", async () => {
  const attempt = new Attempt(federation, 1);
  const { sum } = await attempt.run();
  const inputs = new Map<string, Uint32Array>();
  for (const { name, work } of sites) {
    const trained = await work.trained(1);
    if (!trained) throw new Error("not trained");
    const { delta, images } = trained;
    const { clip } = federation.study;
    inputs.set(name, packUpdate({ delta, clip, images, maxImages: 100, metrics: {}, cohortSize: 4 }));
  }
  const plain = plainSum(inputs, attempt.names);
  const sealed = sum.subarray(0, sum.length - updateLength(0) + 1);
  expect(sealed.filter((word, i) => word === plain[i])).toHaveLength(0);
});

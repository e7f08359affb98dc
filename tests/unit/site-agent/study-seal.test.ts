import { randomBytes } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { toBase64 } from "@fedbaps/core/common/bytes.js";
import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { packUpdate, sealedLength } from "@fedbaps/core/federation/update.js";
import { dealEpochKey, epochShareFor, sealLayer } from "@fedbaps/core/secagg/epoch.js";
import { addMask } from "@fedbaps/core/secagg/masks.js";
import { rosterHash } from "@fedbaps/core/secagg/roster.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import type { EpochShare } from "@fedbaps/core/wire/epoch.js";
import type { Roster } from "@fedbaps/core/wire/roster.js";
import type { Cohort } from "@fedbaps/core/wire/secagg-messages.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf } from "../../support/codes.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import {
  makeCohort,
  makeRunner,
  makeStudy,
  makeSum,
  type RunnerOptions,
  reference,
  rosterOf,
  SITES,
} from "./make-runner.js";

removeTemporaryFolders();

const sealed = makeStudy({ sealed: true });
const COUNT = parameterCount(sealed.decoder);

/** A site that has trained its first round in a sealed study, and the key that it has dealt. */
async function trainedSite(options: Partial<RunnerOptions> = {}) {
  const made = await makeRunner({ folder: await temporaryFolder(), study: sealed, ...options });
  made.train(reference(1));
  await made.runner.idle();
  made.sent.replies.length = 0;
  const roster = rosterOf(made.identity);
  const deal = await made.seal.deal(roster, 1);
  if (!deal) throw new Error("no deal");
  const share = epochShareFor(deal, "aa");
  if (!share) throw new Error("no share");
  const cohort = makeCohort(made.identity, made.hash, COUNT, { seal: deal.keyId });
  const begin = async (change: Partial<Cohort> = {}, epoch: EpochShare | null = share) => {
    made.runner.receive({ phase: "advertiseKeys", cohort: { ...cohort, ...change }, epoch });
    await made.runner.idle();
  };
  return { ...made, roster, deal, share, cohort, begin };
}

describe("a cohort's seal", () => {
  it("is joined with the key out of the site's box, which is kept for its owner alone", async () => {
    const { sent, store, seal, deal, begin } = await trainedSite();
    await begin();
    expect(sent.failures).toEqual([]);
    expect(sent.replies.map(({ phase }) => phase)).toEqual(["advertiseKeys"]);
    const key = await seal.kept(deal.keyId);
    expect((await stat(store.epochKeysFile)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(store.epochKeysFile, "utf8"))).toEqual({
      format: "fedbaps-epoch-keys/1",
      keys: { [deal.keyId]: toBase64(key) },
    });
    expect(JSON.stringify([sent, deal])).not.toContain(toBase64(key));
  });

  it.each<[string, string, Partial<Cohort>, null | undefined]>([
    ["null in a sealed study", "BAD_COHORT", { seal: null }, null],
    ["null in a sealed study, with a box", "BAD_COHORT", { seal: null }, undefined],
    ["of an unknown key", "NO_EPOCH_KEY", { seal: "3".repeat(64) }, undefined],
    ["of a key without its box", "NO_EPOCH_KEY", {}, null],
    ["under a roster not accepted", "ROSTER_NOT_ACCEPTED", { rosterHash: "4".repeat(64) }, undefined],
  ])("%s: %s, nothing is sent", async (_, code, change, epoch) => {
    const { sent, begin } = await trainedSite();
    await begin(change, epoch);
    expect(sent.failures).toEqual([{ study: "study", stage: "secagg", code }]);
    expect(sent.replies).toEqual([]);
  });

  it("in a study that is not sealed: BAD_COHORT", async () => {
    const { runner, sent, identity, hash, train } = await makeRunner({ folder: await temporaryFolder() });
    train(reference(1));
    await runner.idle();
    sent.replies.length = 0;
    runner.receive({
      phase: "advertiseKeys",
      cohort: makeCohort(identity, hash, COUNT, { seal: "3".repeat(64) }),
      epoch: null,
    });
    await runner.idle();
    expect(sent.failures.map(({ code }) => code)).toEqual(["BAD_COHORT"]);
    expect(sent.replies).toEqual([]);
  });

  it("where the site has accepted no roster yet: neither ready nor in a sum", async () => {
    let roster: Roster | undefined;
    const made = await trainedSite({ roster: () => roster });
    made.recruit(reference(1, 2));
    await made.runner.idle();
    await made.begin({ reference: reference(1, 2) });
    expect(made.sent.failures.map(({ stage, code }) => [stage, code])).toEqual([
      ["recruiting", "ROSTER_NOT_ACCEPTED"],
      ["secagg", "ROSTER_NOT_ACCEPTED"],
    ]);
    expect(made.sent.replies).toEqual([]);
    // Accepted: what failed for want of it is tried at once.
    roster = made.roster;
    made.runner.rosterChanged();
    await made.runner.idle();
    expect(made.sent.replies).toEqual([{ phase: "recruiting", reference: reference(1, 2), ready: true }]);
    await made.runner.stop(Promise.resolve());
  });

  it("by a box that is not this site's, or altered: refused", async () => {
    const { sent, share, deal, begin } = await trainedSite();
    const other = epochShareFor(deal, "bb");
    const box = toBase64(Buffer.from(share.box, "base64").map((byte, i) => (i === 40 ? byte ^ 1 : byte)));
    await begin({}, other ?? null);
    await begin({}, { ...share, box });
    await begin({}, { ...share, maker: "bb" });
    expect(sent.failures.map(({ code }) => code)).toEqual(["BAD_BOX", "BAD_BOX", "BAD_SIGNATURE"]);
    expect(sent.replies).toEqual([]);
    await begin();
    expect(sent.replies).toHaveLength(1);
  });
});

describe("epoch keys", () => {
  it("are made when the coordinator asks for one, for every site of the study", async () => {
    const { runner, sent, identity, hash } = await makeRunner({ folder: await temporaryFolder(), study: sealed });
    const hashOfRoster = rosterHash(rosterOf(identity));
    const ask = { phase: "recruiting", studyHash: hash, rosterHash: hashOfRoster } as const;
    runner.receive({ ...ask, reference: reference(1), makeEpoch: true });
    runner.receive({ ...ask, reference: reference(1), makeEpoch: false });
    await runner.idle();
    const deals = sent.replies.map((reply) => (reply.phase === "recruiting" ? reply.epoch : undefined));
    expect(deals[0]).toMatchObject({ maker: "aa", studyHash: hash, rosterHash: hashOfRoster });
    expect(deals[0]?.boxes.map(({ site }) => site)).toEqual(SITES);
    expect(deals[1]).toBeUndefined();
  });

  it("survive a restart, and travel with the next deal", async () => {
    const folder = await temporaryFolder();
    const first = await trainedSite({ folder });
    await first.begin();
    const key = await first.seal.kept(first.deal.keyId);
    const { identity } = first;
    const again = await makeRunner({ folder, study: sealed, identity });
    expect(await again.seal.kept(first.deal.keyId)).toEqual(key);
    const next = await again.seal.deal(rosterOf(identity), 2);
    const third = await makeRunner({ folder: await temporaryFolder(), study: sealed, identity });
    const share = next && epochShareFor(next, "aa");
    if (!share) throw new Error("no share");
    await third.seal.learnFrom([share]);
    expect(await third.seal.kept(first.deal.keyId)).toEqual(key);
    expect(await third.seal.kept(next.keyId)).toHaveLength(32);
  });

  it("are not dealt after the first round by a site that cannot pass on those before", async () => {
    const { seal, identity } = await makeRunner({ folder: await temporaryFolder(), study: sealed });
    expect(await seal.deal(rosterOf(identity), 2)).toBeUndefined();
    expect(await seal.deal(rosterOf(identity), 1)).toBeDefined();
  });

  it("of another roster than the accepted one are left alone", async () => {
    const { seal, share, deal, identity, hash } = await trainedSite();
    const roster = rosterOf(identity);
    const older = { ...roster, version: 7 };
    const scope = { studyHash: hash, roster: older, rosterHash: rosterHash(older), sites: SITES };
    const random = (count: number) => new Uint8Array(randomBytes(count));
    const other = epochShareFor(dealEpochKey(identity, scope, new Map(), random), "aa");
    if (!other) throw new Error("no share");
    await seal.learnFrom([other, share]);
    expect(await codeOf(() => seal.kept(other.keyId))).toBe("NO_EPOCH_KEY");
    expect(await seal.kept(deal.keyId)).toHaveLength(32);
  });

  it("in a damaged file: said so, and the file stays as it is", async () => {
    const folder = await temporaryFolder();
    const first = await trainedSite({ folder });
    await first.begin();
    const file = first.store.epochKeysFile;
    await writeFile(file, (await readFile(file, "utf8")).slice(0, -20));
    const damaged = await readFile(file, "utf8");
    const again = await makeRunner({ folder, study: sealed, identity: first.identity });
    expect(await codeOf(() => again.seal.kept(first.deal.keyId))).toBe("HOME_DAMAGED");
    expect(await readFile(file, "utf8")).toBe(damaged);
  });
});

describe("past sums of a sealed study", () => {
  const delta = new Float32Array(COUNT).fill(0.125);
  const one = packUpdate({ delta, clip: makeStudy().clip, images: 10, maxImages: 10_000, metrics: {}, cohortSize: 3 });
  const plain = one.map((value) => Math.imul(value, 3) >>> 0);

  async function thetaOf(change: (round: ReturnType<typeof makeSum>) => object, keep = true) {
    const folder = await temporaryFolder();
    const site = await trainedSite({ folder });
    if (keep) await site.seal.learnFrom([site.share]);
    const key = await site.seal.key(site.deal.keyId, site.share, site.roster);
    const sum = plain.slice();
    for (const name of SITES) addMask(sum.subarray(0, sealedLength(COUNT)), sealLayer(key, reference(1), name));
    const round = { ...makeSum(1, sum), seal: site.deal.keyId, ...change(makeSum(1, sum)) };
    const { identity } = site;
    const reader = await makeRunner({
      folder: keep ? folder : await temporaryFolder(),
      study: sealed,
      identity,
      sums: [round],
    });
    return reader.work.theta(1, new AbortController().signal);
  }

  it("open with the kept key", async () => {
    const theta = await thetaOf(() => ({}));
    expect([theta[0], theta[COUNT - 1]]).toEqual([expect.closeTo(0.125, 4), expect.closeTo(0.125, 4)]);
  });

  it.each<[string, string, object, boolean?]>([
    ["without their seal's name", "BAD_HISTORY", { seal: null }],
    ["in clear", "BAD_HISTORY", { seal: null, sum: new Uint8Array(encodeRing(plain)) }],
    ["whose key is not here", "NO_EPOCH_KEY", {}, false],
    ["under another attempt's number", "IMPOSSIBLE_SUM", { attempt: 2 }],
    ["with a survivor left out", "IMPOSSIBLE_SUM", { survivors: SITES.slice(1) }],
    ["with a survivor put in", "IMPOSSIBLE_SUM", { survivors: ["aa", "bb", "dd"] }],
    ["cut short", "VECTOR_LENGTH", { sum: new Uint8Array(8) }],
  ])("%s: %s", async (_, code, change, keep = true) => {
    expect(await codeOf(() => thetaOf(() => change, keep))).toBe(code);
  });
});

import { fromBase64, toBase64 } from "@fedbaps/core/common/bytes.js";
import { createIdentity, memberOf } from "@fedbaps/core/secagg/keys.js";
import {
  checkAgainstRoster,
  checkRoster,
  checkSuccessor,
  keyWords,
  rosterHash,
  rosterWords,
  signRoster,
} from "@fedbaps/core/secagg/roster.js";
import { wordsOf } from "@fedbaps/core/secagg/words.js";
import { type Roster, type SignedRoster, signedRosterSchema } from "@fedbaps/core/wire/roster.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import { describe, expect, it } from "@jest/globals";
import { codeThrown, seededBytes, siteNames } from "../../protocol/parties.js";

const identities = siteNames(5).map((site, i) => createIdentity(site, seededBytes(10 + i)));
const members = identities.map(memberOf);
const lead = createIdentity("lead", seededBytes(1)).sign;
const another = createIdentity("lead", seededBytes(2)).sign;
const signed = signRoster(members.slice(0, 4), lead);
const { roster } = signed;

const put = (index: number, change: Partial<Member>) =>
  roster.members.map((member, i) => (i === index ? { ...member, ...change } : member));
const altered = (base64: string) => {
  const bytes = fromBase64(base64);
  bytes[3] ^= 1;
  return toBase64(bytes);
};

describe("a roster", () => {
  it("is sorted, signed, and passes the wire's schema", () => {
    const mixed = signRoster([members[2], members[0], members[3], members[1]], lead);
    expect(mixed).toEqual(signed);
    expect(roster).toMatchObject({ version: 1, previous: null, lead: toBase64(lead.publicKey) });
    expect(signedRosterSchema.parse(signed)).toEqual(signed);
    expect(codeThrown(() => checkRoster(signed))).toBe("nothing thrown");
  });

  it.each<[string, string, Partial<Roster>]>([
    ["version", "BAD_SIGNATURE", { version: 2 }],
    ["previous", "BAD_SIGNATURE", { previous: "0".repeat(64) }],
    ["lead", "BAD_SIGNATURE", { lead: toBase64(another.publicKey) }],
    ["a site left out", "BAD_SIGNATURE", { members: roster.members.slice(1) }],
    ["a site put in", "BAD_SIGNATURE", { members: [...roster.members, members[4]] }],
    ["a site's name", "BAD_SIGNATURE", { members: put(3, { site: "site-009" }) }],
    ["a signature key", "BAD_SIGNATURE", { members: put(1, { signKey: members[4].signKey }) }],
    ["a box key", "BAD_SIGNATURE", { members: put(1, { boxKey: members[4].boxKey }) }],
    ["order", "BAD_ROSTER", { members: [...roster.members].reverse() }],
    ["a site twice", "BAD_ROSTER", { members: [...roster.members, roster.members[3]] }],
    ["one box key twice", "BAD_ROSTER", { members: put(1, { boxKey: members[0].boxKey }) }],
    ["one signature key twice", "BAD_ROSTER", { members: put(1, { signKey: members[0].signKey }) }],
    ["one key for two uses", "BAD_ROSTER", { members: put(1, { signKey: members[0].boxKey }) }],
    ["two sites only", "BAD_ROSTER", { members: roster.members.slice(0, 2) }],
  ])("altered in %s: %s", (_, code, change) => {
    expect(codeThrown(() => checkRoster({ ...signed, roster: { ...roster, ...change } }))).toBe(code);
  });

  it("with another, an altered or no signature: BAD_SIGNATURE", () => {
    const forged: SignedRoster[] = [
      { roster, signature: altered(signed.signature) },
      { roster, signature: "" },
      { roster, signature: signRoster(roster.members, another).signature },
      { roster: { ...roster, lead: toBase64(another.publicKey) }, signature: signed.signature },
    ];
    for (const forgery of forged) expect(codeThrown(() => checkRoster(forgery))).toBe("BAD_SIGNATURE");
  });

  it("is not signed at all where no cohort can be made of it", () => {
    expect(codeThrown(() => signRoster(members.slice(0, 2), lead))).toBe("BAD_ROSTER");
    expect(codeThrown(() => signRoster([...members, members[0]], lead))).toBe("BAD_ROSTER");
    expect(codeThrown(() => signRoster(members, another, roster))).toBe("BAD_ROSTER");
  });

  it("has a hash and words that every field changes, and words of its hash", () => {
    const others: Roster[] = [
      roster,
      { ...roster, version: 2 },
      { ...roster, previous: "0".repeat(64) },
      { ...roster, lead: toBase64(another.publicKey) },
      { ...roster, members: roster.members.slice(1) },
      { ...roster, members: put(0, { boxKey: members[4].boxKey }) },
    ];
    expect(new Set(others.map(rosterHash)).size).toBe(others.length);
    expect(new Set(others.map(rosterWords)).size).toBe(others.length);
    expect(rosterWords(roster)).toBe(wordsOf("roster", Buffer.from(rosterHash(roster), "hex")));
    expect(keyWords(roster.lead)).toBe(wordsOf("key", lead.publicKey));
  });
});

describe("the next version of a roster", () => {
  const second = signRoster(members, lead, roster).roster;
  const third = signRoster(members.slice(1), lead, second).roster;

  it("follows by number and hash; versions may be missed", () => {
    expect([second.version, second.previous]).toEqual([2, rosterHash(roster)]);
    for (const [next, accepted] of [
      [roster, roster],
      [second, roster],
      [third, second],
      [third, roster],
    ])
      expect(codeThrown(() => checkSuccessor(next, accepted))).toBe("nothing thrown");
  });

  it.each<[string, Roster, Roster]>([
    ["of another lead", signRoster(members, another).roster, roster],
    ["of another lead, with a higher number", { ...third, lead: toBase64(another.publicKey) }, roster],
    ["older", roster, second],
    ["older by two", roster, third],
    ["another under the same number", signRoster(members.slice(1), lead, roster).roster, second],
    ["next, but after another one", { ...second, previous: rosterHash(third) }, roster],
    ["next, but after none", { ...second, previous: null }, roster],
  ])("is refused: %s", (_, next, accepted) => {
    expect(codeThrown(() => checkSuccessor(next, accepted))).toBe("BAD_ROSTER");
  });
});

describe("a cohort against the roster", () => {
  const cohort = { rosterHash: rosterHash(roster), members: roster.members.slice(0, 3) };

  it("may leave sites out, and nothing else", () => {
    expect(codeThrown(() => checkAgainstRoster(cohort, roster))).toBe("nothing thrown");
    const cases = [
      { ...cohort, members: [...cohort.members, members[4]] },
      { ...cohort, members: put(1, { boxKey: members[4].boxKey }) },
      { ...cohort, members: put(1, { signKey: members[4].signKey }) },
      { ...cohort, members: put(1, { boxKey: members[1].signKey, signKey: members[1].boxKey }) },
      { ...cohort, members: put(1, { site: "stranger" }) },
      { ...cohort, rosterHash: rosterHash(signRoster(members, lead, roster).roster) },
    ];
    for (const wrong of cases) expect(codeThrown(() => checkAgainstRoster(wrong, roster))).toBe("BAD_COHORT");
  });
});

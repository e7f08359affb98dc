// Lies, replays and confusions, told by the coordinator, by a site or by the network.
import { fromBase64, toBase64 } from "@fedbaps/core/common/bytes.js";
import { cohortHash } from "@fedbaps/core/secagg/cohort.js";
import { createBoxKeys, sign } from "@fedbaps/core/secagg/keys.js";
import { type SimulatedMessage, simulate } from "@fedbaps/core/secagg/simulate.js";
import { advertisementTranscript } from "@fedbaps/core/secagg/transcripts.js";
import type { KeyAdvertisement, RevealedShare } from "@fedbaps/core/wire/secagg-messages.js";
import { describe, expect, it } from "@jest/globals";
import {
  codeRejected,
  codeThrown,
  makeInputs,
  makeParties,
  type Parties,
  plainSum,
  runAdvertise,
  runConfirm,
  runMask,
  runShare,
  seededBytes,
  siteNames,
} from "./parties.js";

/** A byte in the middle flipped, still base64 of the same length. */
function altered(base64: string): string {
  const bytes = fromBase64(base64);
  bytes[bytes.length >> 1] ^= 1;
  return toBase64(bytes);
}

function replaced<T>(list: readonly T[], index: number, change: Partial<T>): T[] {
  return list.map((item, i) => (i === index ? { ...item, ...change } : item));
}

/** Keys of its own choice, signed by a member. */
function advertise(
  { cohort, identities }: Parties,
  index: number,
  keys: { shareKey: string; maskKey: string },
): KeyAdvertisement {
  const unsigned = { site: identities[index].site, ...keys };
  const signature = sign(
    advertisementTranscript(cohort, cohortHash(cohort), unsigned),
    identities[index].sign.secretKey,
  );
  return { ...unsigned, signature };
}

describe("advertised keys: a site refuses", () => {
  const cases: [string, string, (list: KeyAdvertisement[], parties: Parties) => KeyAdvertisement[]][] = [
    ["an altered signature", "BAD_SIGNATURE", (list) => replaced(list, 1, { signature: altered(list[1].signature) })],
    ["a stripped signature", "BAD_SIGNATURE", (list) => replaced(list, 1, { signature: "" })],
    ["another's signature", "BAD_SIGNATURE", (list) => replaced(list, 1, { signature: list[2].signature })],
    [
      "keys put in by the coordinator",
      "BAD_SIGNATURE",
      (list) => replaced(list, 1, { maskKey: toBase64(createBoxKeys(seededBytes(4)).publicKey) }),
    ],
    [
      "share and mask key swapped",
      "BAD_SIGNATURE",
      (list) => replaced(list, 1, { shareKey: list[1].maskKey, maskKey: list[1].shareKey }),
    ],
    [
      "keys of two sites swapped",
      "BAD_SIGNATURE",
      (list) => replaced(replaced(list, 1, { maskKey: list[2].maskKey }), 2, { maskKey: list[1].maskKey }),
    ],
    ["keys under another's name", "BAD_SIGNATURE", (list) => replaced(list, 1, { ...list[2], site: list[1].site })],
    ["a site twice", "DUPLICATE_SITE", (list) => [...list, list[1]]],
    ["a stranger", "UNKNOWN_SITE", (list) => replaced(list, 1, { site: "stranger" })],
    ["too few", "TOO_FEW_SITES", (list) => list.slice(0, 2)],
    ["a list without itself", "LIST_MISMATCH", (list) => list.slice(1)],
    [
      "a key of another site, signed anew",
      "REUSED_KEY",
      (list, parties) => replaced(list, 1, advertise(parties, 1, { ...list[1], maskKey: list[2].maskKey })),
    ],
    [
      "one key for both uses",
      "REUSED_KEY",
      (list, parties) =>
        replaced(list, 1, advertise(parties, 1, { shareKey: list[1].maskKey, maskKey: list[1].maskKey })),
    ],
    [
      "a point of low order",
      "BAD_KEY",
      (list, parties) =>
        replaced(list, 1, advertise(parties, 1, { ...list[1], maskKey: toBase64(new Uint8Array(32)) })),
    ],
  ];
  it.each(cases)("%s (%s)", async (_, code, change) => {
    const parties = makeParties();
    const list = runAdvertise(parties);
    expect(await codeRejected(parties.clients[0].shareKeys(change(list, parties)))).toBe(code);
    // Nothing was dealt: the true list still finds it ready.
    await expect(parties.clients[0].shareKeys(list)).resolves.toHaveLength(3);
  });

  it("a replay from another attempt, and so does the coordinator", async () => {
    const old = runAdvertise(makeParties({ attempt: 1 }));
    const parties = makeParties({ attempt: 2 });
    expect(codeThrown(() => parties.server.receiveAdvertisement(old[1]))).toBe("BAD_SIGNATURE");
    const list = runAdvertise(parties);
    expect(await codeRejected(parties.clients[0].shareKeys(replaced(list, 1, old[1])))).toBe("BAD_SIGNATURE");
  });

  it("keys signed for a cohort with another threshold", async () => {
    const weaker = runAdvertise(makeParties({ size: 6, threshold: 5, minSurvivors: 6 }));
    const parties = makeParties({ size: 6, threshold: 6 });
    const list = runAdvertise(parties);
    expect(await codeRejected(parties.clients[0].shareKeys(replaced(list, 1, weaker[1])))).toBe("BAD_SIGNATURE");
  });
});

describe("the coordinator refuses", () => {
  it("advertisements that would make every site give up", () => {
    const parties = makeParties();
    const [first, second] = parties.clients.map((client) => client.advertiseKeys());
    parties.server.receiveAdvertisement(first);
    const receive = (keys: Partial<KeyAdvertisement>) =>
      codeThrown(() => parties.server.receiveAdvertisement(advertise(parties, 1, { ...second, ...keys })));
    expect(receive({ shareKey: toBase64(new Uint8Array(32)) })).toBe("BAD_KEY");
    expect(receive({ maskKey: first.maskKey })).toBe("REUSED_KEY");
    expect(codeThrown(() => parties.server.receiveAdvertisement({ ...second, site: "stranger" }))).toBe("UNKNOWN_SITE");
    parties.server.receiveAdvertisement(second);
    expect([...parties.server.answered]).toEqual([first.site, second.site]);
  });

  it("shares that are incomplete, doubled, under a false name or to a stranger", async () => {
    const parties = makeParties();
    const list = runAdvertise(parties);
    const shares = await parties.clients[0].shareKeys(list);
    const receive = (dealt: typeof shares) => codeThrown(() => parties.server.receiveShares(parties.sites[0], dealt));
    expect(receive(shares.slice(1))).toBe("BAD_SHARES");
    expect(receive([shares[0], shares[0], shares[1]])).toBe("DUPLICATE_SITE");
    expect(receive(replaced(shares, 0, { from: parties.sites[1] }))).toBe("BAD_SHARES");
    expect(receive(replaced(shares, 0, { to: "stranger" }))).toBe("BAD_SHARES");
    expect(receive(shares)).toBe("nothing thrown");
  });

  it("vectors of a wrong length and a second, different vector; a repeat counts once", async () => {
    const parties = makeParties();
    await runShare(parties);
    const { server, clients, sites, inputs } = parties;
    const vectors = sites.map((site, i) => clients[i].maskInput(server.sharesFor(site), inputs.get(site)!));
    expect(codeThrown(() => server.receiveMaskedInput(sites[0], vectors[0].slice(1)))).toBe("BAD_LENGTH");
    vectors.forEach((vector, i) => {
      server.receiveMaskedInput(sites[i], vector);
      server.receiveMaskedInput(sites[i], vector.slice());
    });
    const second = vectors[0].map((word) => word + 1);
    expect(codeThrown(() => server.receiveMaskedInput(sites[0], second))).toBe("CONFLICTING_REPEAT");
    const survivors = server.closeMaskedInput();
    for (const client of clients) server.receiveConfirmation(client.confirmSurvivors(survivors));
    const request = server.closeConfirmations();
    for (const [i, client] of clients.entries()) server.receiveRevealed(sites[i], client.unmask(request));
    // Asked twice at once and once more: the masks come off once.
    const results = [...(await Promise.all([server.finish(), server.finish()])), await server.finish()];
    for (const { sum } of results) expect(sum).toEqual(plainSum(inputs, sites));
  });

  it("messages before and after their phase, and from sites that dropped out; but takes late repeats", async () => {
    const parties = makeParties({ size: 5 });
    const { server, clients, sites } = parties;
    expect(codeThrown(() => server.receiveShares(sites[0], []))).toBe("WRONG_PHASE");
    expect(codeThrown(() => server.closeShares())).toBe("WRONG_PHASE");
    expect(codeThrown(() => server.sharesFor(sites[0]))).toBe("WRONG_PHASE");
    expect(await codeRejected(server.finish())).toBe("WRONG_PHASE");
    const messages = clients.map((client) => client.advertiseKeys());
    for (const message of messages.slice(0, 3)) server.receiveAdvertisement(message);
    expect(codeThrown(() => server.closeAdvertise())).toBe("TOO_FEW_SITES");
    server.receiveAdvertisement(messages[3]);
    expect(server.closeAdvertise()).toHaveLength(4);
    expect(server.expected).toEqual(sites.slice(0, 4));
    expect(codeThrown(() => server.receiveAdvertisement(messages[4]))).toBe("WRONG_PHASE");
    expect(codeThrown(() => server.receiveAdvertisement(messages[0]))).toBe("nothing thrown");
    expect(codeThrown(() => server.receiveShares(sites[4], []))).toBe("UNKNOWN_SITE");
    expect(server.answered.size).toBe(0);
  });

  it("a confirmation of another list or by another site", async () => {
    const parties = makeParties({ size: 5 });
    const survivors = await runMask(parties, 1);
    const { clients, server, sites } = parties;
    const other = clients[0].confirmSurvivors(sites);
    expect(codeThrown(() => server.receiveConfirmation(other))).toBe("BAD_SIGNATURE");
    const right = clients[1].confirmSurvivors(survivors);
    expect(codeThrown(() => server.receiveConfirmation({ ...right, site: sites[2] }))).toBe("BAD_SIGNATURE");
    expect(codeThrown(() => server.receiveConfirmation({ ...right, site: sites[4] }))).toBe("UNKNOWN_SITE");
  });

  it("shares of the wrong kind, number, site or length", async () => {
    const parties = makeParties();
    const request = await runConfirm(parties);
    const shares = parties.clients[0].unmask(request);
    const receive = (revealed: RevealedShare[]) =>
      codeThrown(() => parties.server.receiveRevealed(parties.sites[0], revealed));
    expect(receive(replaced(shares, 1, { kind: "maskKey" }))).toBe("BAD_SHARES");
    expect(receive(shares.slice(1))).toBe("BAD_SHARES");
    expect(receive([...shares, shares[0]])).toBe("DUPLICATE_SITE");
    expect(receive(replaced(shares, 1, { site: "stranger" }))).toBe("BAD_SHARES");
    expect(receive(replaced(shares, 1, { share: toBase64(new Uint8Array(47)) }))).toBe("BAD_SHARES");
    expect(receive(shares)).toBe("nothing thrown");
  });
});

describe("sealed shares: a site refuses", () => {
  it("altered, misdelivered, reflected, missing, doubled and foreign ones", async () => {
    const parties = makeParties();
    const list = runAdvertise(parties);
    const { clients, sites, inputs, server } = parties;
    const dealt = await Promise.all(clients.map((client) => client.shareKeys(list)));
    for (const [i, shares] of dealt.entries()) server.receiveShares(sites[i], shares);
    server.closeShares();
    const right = server.sharesFor(sites[0]);
    const attempt = (shares: typeof right) => codeThrown(() => clients[0].maskInput(shares, inputs.get(sites[0])!));
    expect(attempt(replaced(right, 0, { box: altered(right[0].box) }))).toBe("BAD_BOX");
    expect(attempt(replaced(right, 0, { box: "" }))).toBe("BAD_BOX");
    expect(attempt(replaced(right, 0, { box: right[1].box }))).toBe("BAD_BOX");
    expect(attempt(replaced(right, 0, server.sharesFor(sites[2])[1]))).toBe("BAD_BOX");
    expect(attempt(replaced(right, 0, { box: server.sharesFor(sites[2])[1].box }))).toBe("BAD_BOX");
    expect(attempt(replaced(right, 0, { box: dealt[0][0].box }))).toBe("BAD_BOX");
    expect(attempt(right.slice(0, 1))).toBe("TOO_FEW_SITES");
    expect(attempt([right[0], right[0], right[1]])).toBe("DUPLICATE_SITE");
    expect(attempt(replaced(right, 0, { from: "stranger" }))).toBe("UNKNOWN_SITE");
    expect(attempt(replaced(right, 0, { from: sites[0] }))).toBe("UNKNOWN_SITE");
    expect(attempt(right)).toBe("nothing thrown");
  });
});

describe("steps of a site", () => {
  it("repeated with the same message give the same answer, with another one nothing", async () => {
    const parties = makeParties({ size: 5 });
    const list = await runShare(parties);
    const { clients, server, sites, inputs } = parties;
    const [client] = clients;
    const input = inputs.get(sites[0])!;
    expect(client.advertiseKeys()).toEqual(list[0]);
    expect(await client.shareKeys(list)).toEqual(await client.shareKeys(structuredClone(list)));
    expect(await codeRejected(client.shareKeys(list.slice(0, 4)))).toBe("CONFLICTING_REPEAT");

    const shares = server.sharesFor(sites[0]);
    const vector = client.maskInput(shares, input).slice();
    expect(client.maskInput(structuredClone(shares), input.slice())).toEqual(vector);
    const otherInput = input.map((word) => word + 1);
    expect(codeThrown(() => client.maskInput(shares, otherInput))).toBe("CONFLICTING_REPEAT");
    expect(codeThrown(() => client.maskInput(shares.slice(1), input))).toBe("CONFLICTING_REPEAT");
    expect(codeThrown(() => client.maskInput(shares, input.slice(1)))).toBe("BAD_LENGTH");

    const confirmed = client.confirmSurvivors(sites);
    expect(client.confirmSurvivors([...sites])).toEqual(confirmed);
    expect(codeThrown(() => client.confirmSurvivors(sites.slice(0, 4)))).toBe("CONFLICTING_REPEAT");
  });

  it("out of order throw", async () => {
    const parties = makeParties();
    const [client] = parties.clients;
    const input = new Uint32Array(5);
    const request = { survivors: [], dropped: [], signatures: [] };
    expect(await codeRejected(client.shareKeys([]))).toBe("WRONG_PHASE");
    expect(codeThrown(() => client.maskInput([], input))).toBe("WRONG_PHASE");
    await runShare(parties);
    expect(codeThrown(() => client.confirmSurvivors(parties.sites))).toBe("WRONG_PHASE");
    expect(codeThrown(() => client.unmask(request))).toBe("WRONG_PHASE");
  });

  it("after clean() throw, whatever they are asked", async () => {
    const parties = makeParties();
    const request = await runConfirm(parties);
    const [client] = parties.clients;
    client.clean();
    expect(codeThrown(() => client.unmask(request))).toBe("CLEANED");
    expect(codeThrown(() => client.advertiseKeys())).toBe("CLEANED");
    expect(await codeRejected(client.shareKeys([]))).toBe("CLEANED");
  });
});

describe("survivors: a site refuses to sign", () => {
  it("lists that are unsorted, doubled, too short, without itself or with strangers", async () => {
    const parties = makeParties({ size: 6, threshold: 5 });
    await runMask(parties);
    const { sites, clients } = parties;
    const confirm = (list: string[]) => codeThrown(() => clients[0].confirmSurvivors(list));
    expect(confirm([...sites].reverse())).toBe("LIST_MISMATCH");
    expect(confirm([...sites, sites[5]])).toBe("LIST_MISMATCH");
    expect(confirm(sites.slice(1))).toBe("LIST_MISMATCH");
    expect(confirm([...sites.slice(0, 5), "stranger"])).toBe("LIST_MISMATCH");
    expect(confirm(sites.slice(0, 4))).toBe("TOO_FEW_SITES");
    expect(confirm(sites)).toBe("nothing thrown");
  });

  it("sums smaller than the study's floor, even above the threshold", async () => {
    const parties = makeParties({ size: 6, threshold: 5, minSurvivors: 6 });
    await runMask(parties);
    expect(codeThrown(() => parties.clients[0].confirmSurvivors(parties.sites.slice(0, 5)))).toBe("TOO_FEW_SITES");
  });
});

describe("unmasking: a site refuses", () => {
  it("other lists than it signed, both shares of one site, too few or false signatures", async () => {
    const parties = makeParties({ size: 6, threshold: 5 });
    const right = await runConfirm(parties, 1);
    const { sites, clients, identities } = parties;
    const ask = (change: Partial<typeof right>) => codeThrown(() => clients[0].unmask({ ...right, ...change }));
    const { survivors, dropped, signatures } = right;
    expect(ask({ survivors: survivors.slice(0, 4) })).toBe("LIST_MISMATCH");
    expect(ask({ survivors: survivors.slice(0, 4), dropped: [survivors[4], ...dropped] })).toBe("LIST_MISMATCH");
    expect(ask({ dropped: [] })).toBe("LIST_MISMATCH");
    expect(ask({ survivors: sites })).toBe("LIST_MISMATCH");
    expect(ask({ dropped: [survivors[1], ...dropped] })).toBe("LIST_MISMATCH");
    expect(ask({ signatures: signatures.slice(0, 3) })).toBe("TOO_FEW_SIGNATURES");
    expect(ask({ signatures: [] })).toBe("TOO_FEW_SIGNATURES");
    expect(ask({ signatures: [...signatures.slice(0, 4), signatures[0]] })).toBe("DUPLICATE_SITE");
    expect(ask({ signatures: replaced(signatures, 1, { signature: altered(signatures[1].signature) }) })).toBe(
      "BAD_SIGNATURE",
    );
    expect(ask({ signatures: replaced(signatures, 1, { site: dropped[0] }) })).toBe("UNKNOWN_SITE");
    // A signature under the right key, but over something else.
    const foreign = sign(new Uint8Array(8), identities[1].sign.secretKey);
    expect(ask({ signatures: replaced(signatures, 1, { signature: foreign }) })).toBe("BAD_SIGNATURE");
    expect(ask({})).toBe("nothing thrown");
    // Having answered, it answers nothing else; the same again is the same.
    expect(ask({ dropped: [survivors[1]] })).toBe("CONFLICTING_REPEAT");
    expect(clients[0].unmask(structuredClone(right))).toEqual(clients[0].unmask(right));
  });

  it("signatures of another attempt", async () => {
    const old = await runConfirm(makeParties({ attempt: 1 }));
    const parties = makeParties({ attempt: 2 });
    const request = await runConfirm(parties);
    expect(codeThrown(() => parties.clients[0].unmask({ ...request, signatures: old.signatures }))).toBe(
      "BAD_SIGNATURE",
    );
  });

  it("anything, where a coordinator tells two halves two lists: neither gathers enough signatures", async () => {
    const parties = makeParties({ size: 6, threshold: 5 });
    await runMask(parties);
    const { sites, clients } = parties;
    const lists = [sites.slice(0, 5), sites];
    const signatures = clients.map((client, i) => client.confirmSurvivors(lists[i < 3 ? 0 : 1]));
    const ask = (index: number, list: string[], signed: typeof signatures) =>
      codeThrown(() =>
        clients[index].unmask({
          survivors: list,
          dropped: sites.filter((site) => !list.includes(site)),
          signatures: signed,
        }),
      );
    expect(ask(0, lists[0], signatures.slice(0, 3))).toBe("TOO_FEW_SIGNATURES");
    expect(ask(0, lists[0], signatures.slice(0, 5))).toBe("BAD_SIGNATURE");
    expect(ask(5, lists[1], signatures.slice(3))).toBe("TOO_FEW_SIGNATURES");
    expect(ask(5, lists[1], signatures)).toBe("BAD_SIGNATURE");
  });
});

describe("false shares", () => {
  const sites = siteNames(7);
  const inputs = makeInputs(sites, 6);

  /** Site 0 reveals a false share of `victim`. */
  function withFalseShare(victim: string, spare: boolean, dropped: boolean) {
    const intercept = (message: SimulatedMessage): SimulatedMessage => {
      if (message.kind !== "revealed" || message.from !== sites[0]) return message;
      const index = message.body.findIndex(({ site }) => site === victim);
      return { ...message, body: replaced(message.body, index, { share: altered(message.body[index].share) }) };
    };
    const dropouts = new Map(dropped ? ([[victim, "maskedInput"]] as const) : []);
    const answers = dropped ? 6 : 7;
    const threshold = spare ? answers - 1 : answers;
    return simulate({ sites, threshold, minSurvivors: threshold, inputs, dropouts, random: seededBytes(1), intercept });
  }

  it.each([false, true])("never give a wrong sum (victim dropped out: %s)", async (dropped) => {
    const { sum, survivors } = await withFalseShare(sites[3], true, dropped);
    expect(sum).toEqual(plainSum(inputs, survivors));
    expect(await codeRejected(withFalseShare(sites[3], false, dropped))).toBe("BAD_SHARES");
  });

  it("leave the coordinator able to finish when one more true answer comes", async () => {
    const parties = makeParties({ size: 5, threshold: 4 });
    const request = await runConfirm(parties);
    const { server, clients, inputs: plain, sites: five } = parties;
    const answers = clients.map((client) => client.unmask(request));
    const lie = answers[0].map((share) => ({ ...share, share: altered(share.share) }));
    server.receiveRevealed(five[0], lie);
    for (const i of [1, 2]) server.receiveRevealed(five[i], answers[i]);
    expect(await codeRejected(server.finish())).toBe("TOO_FEW_SITES");
    server.receiveRevealed(five[3], answers[3]);
    expect(await codeRejected(server.finish())).toBe("BAD_SHARES");
    server.receiveRevealed(five[4], answers[4]);
    expect((await server.finish()).sum).toEqual(plainSum(plain, five));
  });
});

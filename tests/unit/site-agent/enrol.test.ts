import { fromBase64, toBase64, transcript } from "@fedbaps/core/common/bytes.js";
import { createIdentity, fingerprint, memberOf, sign, verify } from "@fedbaps/core/secagg/keys.js";
import { openSealed } from "@fedbaps/core/secagg/sealed-message.js";
import { identityTranscript, sealedEnrolmentSchema } from "@fedbaps/core/wire/enrolment.js";
import { type EnrolRequest, enrolRequestSchema } from "@fedbaps/core/wire/messages.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { enrolTranscript } from "@fedbaps/core/wire/transcripts.js";
import { type EnrolInit, enrol } from "@fedbaps/site-agent/enrol.js";
import { describe, expect, it } from "@jest/globals";
import { random } from "./make-runner.js";

const identity = createIdentity("aa", random);
const coordinator = createIdentity("coordinator", random);
const other = createIdentity("other", random);
const { signKey: publicKey } = memberOf(coordinator);
const digits = fingerprint(publicKey).replaceAll(" ", "");
const invite = `CODE-1234.${digits}`;

interface Fake {
  /** Whose keys it shows, and whose key it signs with. */
  readonly shows?: typeof coordinator;
  readonly signs?: typeof coordinator;
  readonly nonce?: string;
  /** Of the protocol, when another than ours. */
  readonly version?: number;
  readonly status?: number;
  readonly body?: unknown;
}

/** Enrols with a server of this kind; `sent` is all that was posted to it. */
function enrolWith(fake: Fake = {}, overrides: Partial<EnrolInit> = {}) {
  const { shows = coordinator, signs = shows, status = 201, body = { coordinator: publicKey } } = fake;
  const sent: string[] = [];
  const send = (async (url: string, init: RequestInit) => {
    if (init.body !== undefined) {
      sent.push(String(init.body));
      return new Response(JSON.stringify(body), { status });
    }
    const nonce = fake.nonce ?? new URL(url).searchParams.get("nonce")!;
    const { signKey, boxKey } = memberOf(shows);
    const signed =
      fake.version === undefined
        ? identityTranscript(nonce, { publicKey: signKey, boxKey })
        : transcript("fedbaps/identity", fake.version, fromBase64(nonce), fromBase64(signKey), fromBase64(boxKey));
    const signature = sign(signed, signs.sign.secretKey);
    return new Response(JSON.stringify({ publicKey: signKey, boxKey, signature }), { status: 200 });
  }) as typeof fetch;
  const { signal } = new AbortController();
  const init = { identity, url: "https://fed.example", invite, signal, fetch: send, random, ...overrides };
  return { sent, membership: enrol(init) };
}

function openedBy(keys: typeof coordinator, sent: string): EnrolRequest | null {
  const { sealed } = sealedEnrolmentSchema.parse(JSON.parse(sent));
  const plain = openSealed(fromBase64(sealed), keys.box.secretKey);
  return plain && enrolRequestSchema.parse(JSON.parse(Buffer.from(plain).toString("utf8")));
}

it("seals the code to the coordinator, shows possession of the key, and pins the coordinator's", async () => {
  const { sent, membership } = enrolWith({}, { invite: `${invite}\n` });
  expect(await membership).toEqual({ url: "https://fed.example", publicKey });
  expect(sent).toHaveLength(1);
  expect(sent[0]).not.toContain("CODE-1234");
  expect(openedBy(other, sent[0])).toBeNull();
  const { signature, ...unsigned } = openedBy(coordinator, sent[0])!;
  expect(unsigned).toMatchObject({ site: "aa", code: "CODE-1234" });
  expect(verify(enrolTranscript(unsigned), signature, unsigned.signKey)).toBe(true);
  expect(JSON.stringify(unsigned)).not.toContain(toBase64(identity.sign.secretKey));
});

describe("a server that is not the one of the invite gets nothing, where", () => {
  it.each<[string, Fake, Partial<EnrolInit>]>([
    ["it has another key", { shows: other }, {}],
    ["it shows the right key without holding it", { signs: other }, {}],
    ["it repeats an earlier answer of the coordinator", { nonce: toBase64(new Uint8Array(32)) }, {}],
    ["its key is not of the fingerprint given apart", {}, { expected: fingerprint(memberOf(other).signKey) }],
    ["the fingerprint is too short to mean anything", {}, { invite: "CODE-1234", expected: digits.slice(0, 9) }],
    ["it shows no key of its own on first use", { signs: other }, { invite: "CODE-1234", trustOnFirstUse: true }],
  ])("%s", async (_, fake, overrides) => {
    const { sent, membership } = enrolWith(fake, overrides);
    await expect(membership).rejects.toMatchObject({ code: "COORDINATOR_KEY" });
    expect(sent).toEqual([]);
  });
});

it.each([
  [PROTOCOL_VERSION + 1, /update this program/],
  [PROTOCOL_VERSION - 1, /ask the study lead to update the coordinator/],
])(
  "a coordinator of protocol version %i gets nothing, and the line says which side to update",
  async (version, words) => {
    const { sent, membership } = enrolWith({ version });
    await expect(membership).rejects.toMatchObject({ code: "PROTOCOL", message: expect.stringMatching(words) });
    await expect(membership).rejects.toThrow(
      `version ${version} of the protocol, this program version ${PROTOCOL_VERSION}`,
    );
    expect(sent).toEqual([]);
  },
);

it("asks for the fingerprint, unless it is to trust whoever answers", async () => {
  const bare = enrolWith({}, { invite: "CODE-1234" });
  await expect(bare.membership).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringMatching(/--fingerprint/),
  });
  expect(bare.sent).toEqual([]);
  const apart = enrolWith({}, { invite: "CODE-1234", expected: fingerprint(publicKey) });
  expect(await apart.membership).toMatchObject({ publicKey });
  const shown = memberOf(other).signKey;
  const trusting = enrolWith(
    { shows: other, body: { coordinator: shown } },
    { invite: "CODE-1234", trustOnFirstUse: true },
  );
  expect(await trusting.membership).toMatchObject({ publicKey: shown });
});

it("does not pin another key than the one that was shown first", async () => {
  const { membership } = enrolWith({ body: { coordinator: memberOf(other).signKey } });
  await expect(membership).rejects.toMatchObject({ code: "COORDINATOR_KEY" });
});

it("passes on in one line why it was refused", async () => {
  const used = { status: 403, body: { code: "INVITE_USED", detail: "this invite was used already" } };
  await expect(enrolWith(used).membership).rejects.toMatchObject({
    code: "ENROL_REFUSED",
    message: expect.stringMatching(/used already$/),
  });
  await expect(enrolWith({ status: 200, body: "<html>" }).membership).rejects.toMatchObject({ code: "ENROL_REFUSED" });
  await expect(enrolWith({}, { invite: "x" }).membership).rejects.toMatchObject({ code: "USAGE" });
});

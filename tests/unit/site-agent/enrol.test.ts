import { createIdentity, fingerprint, memberOf, verify } from "@fedbaps/core/secagg/keys.js";
import { type EnrolRequest, enrolRequestSchema } from "@fedbaps/core/wire/messages.js";
import { enrolTranscript } from "@fedbaps/core/wire/transcripts.js";
import { type EnrolInit, enrol } from "@fedbaps/site-agent/enrol.js";
import { expect, it } from "@jest/globals";
import { random } from "./make-runner.js";

const identity = createIdentity("aa", random);
const publicKey = memberOf(createIdentity("coordinator", random)).signKey;

/** Enrols with a server that gives this answer. */
function enrolWith(status: number, body: unknown, overrides: Partial<EnrolInit> = {}) {
  const seen: { url: string; request: EnrolRequest }[] = [];
  const send = (async (url: string, init: RequestInit) => {
    seen.push({ url, request: enrolRequestSchema.parse(JSON.parse(String(init.body))) });
    return new Response(JSON.stringify(body), { status });
  }) as typeof fetch;
  const { signal } = new AbortController();
  const init = { identity, url: "https://fed.example", invite: "CODE-1234\n", signal, fetch: send, ...overrides };
  return { seen, membership: enrol(init) };
}

it("shows possession of the key, and pins the coordinator's", async () => {
  const { seen, membership } = enrolWith(201, { coordinator: publicKey });
  expect(await membership).toEqual({ url: "https://fed.example", publicKey });
  const [{ url, request }] = seen;
  expect(url).toBe("https://fed.example/api/v1/enrol");
  const { signature, ...unsigned } = request;
  expect(unsigned).toMatchObject({ site: "aa", code: "CODE-1234" });
  expect(verify(enrolTranscript(unsigned), signature, request.signKey)).toBe(true);
  expect(JSON.stringify(request)).not.toContain(Buffer.from(identity.sign.secretKey).toString("base64"));
});

it.each([
  ["whole, apart", { expected: fingerprint(publicKey) }, true],
  ["in the invite", { invite: `CODE-1234.${fingerprint(publicKey).replaceAll(" ", "")}` }, true],
  ["of another key", { expected: fingerprint(memberOf(identity).signKey) }, false],
  ["too short to mean anything", { expected: fingerprint(publicKey).slice(0, 9) }, false],
])("checks a fingerprint %s", async (_, overrides, good) => {
  const { membership } = enrolWith(201, { coordinator: publicKey }, overrides);
  if (good) expect(await membership).toMatchObject({ publicKey });
  else await expect(membership).rejects.toMatchObject({ code: "COORDINATOR_KEY" });
});

it("passes on in one line why it was refused", async () => {
  const refused = enrolWith(403, { code: "INVITE_USED", detail: "this invite was used already" }).membership;
  await expect(refused).rejects.toMatchObject({
    code: "ENROL_REFUSED",
    message: expect.stringMatching(/used already$/),
  });
  await expect(enrolWith(200, "<html>").membership).rejects.toMatchObject({ code: "ENROL_REFUSED" });
  await expect(enrolWith(201, {}, { invite: "x" }).membership).rejects.toMatchObject({ code: "USAGE" });
});

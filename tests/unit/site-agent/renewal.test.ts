import { readFile, stat } from "node:fs/promises";
import { createIdentity, memberOf, sign, verify } from "@fedbaps/core/secagg/keys.js";
import {
  type RenewRequest,
  renewedTranscript,
  renewRequestSchema,
  renewTranscript,
} from "@fedbaps/core/wire/enrolment.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { loadDated, loadIdentity, readIdentity, saveIdentity } from "@fedbaps/site-agent/identity.js";
import { renew, settledIdentity, untilSettled } from "@fedbaps/site-agent/renewal.js";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { random } from "./make-runner.js";

removeTemporaryFolders();

const coordinator = createIdentity("coordinator", random);
const { signKey: publicKey } = memberOf(coordinator);
const keysOf = ({ signKey, boxKey }: { signKey: string; boxKey: string }) => ({ signKey, boxKey });

type Answer = (request: RenewRequest) => Response;
const signedBy =
  (keys: typeof coordinator): Answer =>
  (request) =>
    Response.json({
      site: request.site,
      renewed: true,
      signature: sign(renewedTranscript(request), keys.sign.secretKey),
    });
const refusal = () => Response.json({ code: "CONFLICT", detail: "site aa is revoked" }, { status: 409 });
const cut = () => {
  throw new TypeError("fetch failed");
};

/** A home, and a coordinator that gives these answers, one after the other. */
async function begin(...answers: Answer[]) {
  const home = new Home(await temporaryFolder());
  const old = createIdentity("aa", random);
  await saveIdentity(home, old);
  const requests: RenewRequest[] = [];
  const send = (async (_url: string, { body }: RequestInit) => {
    const request = renewRequestSchema.parse(JSON.parse(String(body)));
    requests.push(request);
    return answers.shift()!(request);
  }) as typeof fetch;
  let now = Date.parse("2030-01-01T00:00:00Z");
  const clock = {
    now: () => now++,
    after: (_: number, callback: () => void) => {
      const timer = setImmediate(callback);
      return () => clearImmediate(timer);
    },
  };
  const { signal } = new AbortController();
  const init = { home, membership: { url: "https://fed.example", publicKey }, clock, random, signal, fetch: send };
  return { home, old, requests, init, lines: [] as string[] };
}

describe("a renewal", () => {
  it("shows possession of old and new keys to this coordinator, and takes the new ones when it has signed", async () => {
    const { home, old, requests, init } = await begin(signedBy(coordinator));
    const next = await renew(init);
    const { oldSignature, nextSignature, ...unsigned } = requests[0];
    expect(unsigned).toMatchObject({ site: "aa", coordinator: publicKey, old: keysOf(memberOf(old)) });
    expect(unsigned.next).toEqual(keysOf(memberOf(next)));
    expect(verify(renewTranscript(unsigned), oldSignature, unsigned.old.signKey)).toBe(true);
    expect(verify(renewTranscript(unsigned), nextSignature, unsigned.next.signKey)).toBe(true);
    expect(await loadDated(home)).toEqual({ identity: next, since: "2030-01-01T00:00:00.000Z", passphrase: undefined });
    expect((await stat(home.identity)).mode & 0o077).toBe(0);
    expect(await readIdentity(home, home.nextIdentity)).toBeUndefined();
  });

  it.each<[string, Answer]>([
    ["the answer is lost", cut],
    ["the coordinator is in trouble", () => new Response("{}", { status: 503 })],
    ["the answer is not signed by the pinned key", signedBy(createIdentity("other", random))],
    ["it is refused", refusal],
  ])("keeps the old keys in use and the new ones on the disk where %s", async (_, answer) => {
    const { home, old, requests, init } = await begin(answer, signedBy(coordinator));
    await expect(renew(init)).rejects.toMatchObject({ name: "AgentError" });
    expect(await loadIdentity(home)).toEqual(old);
    const kept = await readFile(home.nextIdentity, "utf8");
    expect((await stat(home.nextIdentity)).mode & 0o077).toBe(0);
    const next = await renew(init);
    expect(requests.map((request) => request.next)).toEqual([keysOf(memberOf(next)), keysOf(memberOf(next))]);
    expect(await readFile(home.identity, "utf8")).toBe(kept);
  });
});

describe("the next start after a renewal that was cut off", () => {
  it("uses the old identity and asks nobody where none was begun", async () => {
    const { old, requests, init, lines } = await begin();
    expect(await settledIdentity(init, (line) => lines.push(line))).toEqual(old);
    expect([requests, lines]).toEqual([[], []]);
  });

  it("finishes it", async () => {
    const { home, init, lines } = await begin(cut, signedBy(coordinator));
    await expect(renew(init)).rejects.toMatchObject({ code: "COORDINATOR_UNREACHABLE" });
    const next = await settledIdentity(init, (line) => lines.push(line));
    expect(next).toEqual(await loadIdentity(home));
    expect(lines).toEqual([]);
  });

  it("goes on with the old keys where the coordinator does not take the new ones, and says so", async () => {
    const { old, init, lines } = await begin(cut, refusal);
    await expect(renew(init)).rejects.toThrow();
    expect(await settledIdentity(init, (line) => lines.push(line))).toEqual(old);
    expect(lines).toEqual([expect.stringMatching(/revoked/)]);
  });

  it("waits for the coordinator to say which keys it has, and stops when it is told to", async () => {
    const { old, init, lines } = await begin(cut, cut, cut, signedBy(coordinator));
    await expect(renew(init)).rejects.toThrow();
    const next = await untilSettled(init, (line) => lines.push(line));
    expect(next).toBeDefined();
    expect(next).not.toEqual(old);
    expect(lines).toHaveLength(1);
    expect(await untilSettled({ ...init, signal: AbortSignal.abort() }, () => {})).toBeUndefined();
  });
});

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import type { AuditRecord } from "@fedbaps/coordinator/audit/record.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { createIdentity, type Identity, memberOf, sign } from "@fedbaps/core/secagg/keys.js";
import { siteWords } from "@fedbaps/core/secagg/roster.js";
import { identityTranscript, renewTranscript } from "@fedbaps/core/wire/enrolment.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { loadIdentity } from "@fedbaps/site-agent/identity.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { runWith } from "../support/command-line.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { api, closeAgents, enrol, FakeAgent, signSites, start, until } from "./coordinator-support.js";

removeTemporaryFolders();

const HOUR = 3_600_000;
const random = (count: number) => new Uint8Array(randomBytes(count));

let coordinator: Coordinator;
let token: string;
let folder: string;
/** How far the coordinator's clock is ahead. */
let ahead = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  coordinator = await start({ clock: { ...systemClock, now: () => Date.now() + ahead } });
  token = coordinator.newAdminToken!;
});
afterEach(closeAgents);
afterAll(() => coordinator.close());

const call = <T>(method: string, path: string, body?: unknown) => api<T>(coordinator.url, token, method, path, body);
const homeOf = (site: string) => join(folder, site);
const cli = (...argv: string[]) => runWith({}, ...argv);
const invited = (site: string, expiresInHours?: number) =>
  call<{ invite: string; code: string; expiresAt: number }>("POST", "/invites", {
    site,
    ...(expiresInHours === undefined ? {} : { expiresInHours }),
  });
const enroll = (site: string, url: string, code: string) =>
  cli("enroll", "--home", homeOf(site), "--coordinator", url, "--code", code, "--json");
const records = async () =>
  (await call<{ records: AuditRecord[] }>("GET", "/audit?limit=200")).records.map(
    ({ actor, action, site, details }) => ({
      actor,
      action,
      site,
      details,
    }),
  );

interface Between {
  readonly url: string;
  /** Everything that was posted to it. */
  readonly posted: string[];
  close(): Promise<void>;
}

const betweens: Between[] = [];
afterEach(async () => {
  for (const between of betweens.splice(0)) await between.close();
});

/** A server in the place of the coordinator's. @param answer for what is asked; undefined cuts the connection */
async function serve(answer: (path: string, body: string) => Promise<Response | undefined>): Promise<Between> {
  const posted: string[] = [];
  const server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (request.method === "POST") posted.push(body);
    const given = await answer(request.url ?? "", body);
    if (given === undefined) return void request.socket.destroy();
    response.writeHead(given.status, { "content-type": "application/json" }).end(await given.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const between = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    close: () => new Promise<void>((resolve) => void server.close(() => resolve()).closeAllConnections()),
  };
  betweens.push(between);
  return between;
}

/** Passes a question on to the real coordinator. */
const relay = (path: string, body: string) =>
  fetch(
    `${coordinator.url}${path}`,
    body === "" ? {} : { method: "POST", headers: { "content-type": "application/json" }, body },
  );

describe("first contact", () => {
  it("gives a server with another key neither the code nor anything else", async () => {
    const site = "first";
    await cli("init", "--home", homeOf(site), "--site", site);
    const { invite, code } = await invited(site);
    const thief = createIdentity("thief", random);
    const { signKey: publicKey, boxKey } = memberOf(thief);
    const false1 = await serve(async (path) => {
      const nonce = new URL(path, "http://x").searchParams.get("nonce") ?? "";
      const signature =
        nonce === "" ? "" : sign(identityTranscript(nonce, { publicKey, boxKey }), thief.sign.secretKey);
      return Response.json({ publicKey, boxKey, signature });
    });
    const refused = await enroll(site, false1.url, invite);
    expect(refused).toMatchObject({ status: 1, err: expect.stringContaining("another key than the invite names") });
    expect(false1.posted).toEqual([]);

    // One that relays the coordinator's own proof hears the enrolment, but cannot read the code in it.
    const relaying = await serve(relay);
    expect(await enroll(site, relaying.url, invite)).toMatchObject({ status: 0 });
    expect(relaying.posted).toHaveLength(1);
    expect(relaying.posted[0]).not.toContain(code);
    expect(await call("GET", "/sites")).toMatchObject({ sites: [{ site, status: "pending", inviteExpiresAt: null }] });
  });

  it("needs an invite with the coordinator's fingerprint, or the word that it is done without", async () => {
    const site = "bare";
    await cli("init", "--home", homeOf(site), "--site", site);
    const { code } = await invited(site);
    expect(await enroll(site, coordinator.url, code)).toMatchObject({
      status: 2,
      err: expect.stringContaining("--fingerprint"),
    });
    const trusting = ["enroll", "--home", homeOf(site), "--coordinator", coordinator.url, "--code", code];
    expect(await cli(...trusting, "--trust-on-first-use")).toMatchObject({ status: 0 });
  });

  it("works with the newest invite, once, in its time", async () => {
    const site = "timely";
    await cli("init", "--home", homeOf(site), "--site", site);
    const old = await invited(site);
    const short = await invited(site, 2);
    expect(short.expiresAt).toBeLessThan(old.expiresAt);
    const view = async () =>
      (await call<{ sites: { site: string; inviteExpiresAt: number | null }[] }>("GET", "/sites")).sites.find(
        (one) => one.site === site,
      );
    expect(await view()).toMatchObject({ status: "invited", inviteExpiresAt: short.expiresAt, words: null });
    expect(await enroll(site, coordinator.url, old.invite)).toMatchObject({
      status: 1,
      err: expect.stringContaining("not valid"),
    });
    ahead = 3 * HOUR;
    expect(await view()).toMatchObject({ inviteExpiresAt: null });
    expect(await enroll(site, coordinator.url, short.invite)).toMatchObject({
      status: 1,
      err: expect.stringContaining("expired"),
    });
    ahead = 0;
    expect(await enroll(site, coordinator.url, short.invite)).toMatchObject({ status: 0 });
    // The answer may have been lost on the way: the same site may ask again, and nobody else.
    expect(await enroll(site, coordinator.url, short.invite)).toMatchObject({ status: 0 });
    await cli("init", "--home", homeOf("other"), "--site", site);
    expect(await enroll("other", coordinator.url, short.invite)).toMatchObject({
      status: 1,
      err: expect.stringContaining("used before"),
    });
    expect((await records()).filter((record) => record.site === site).map(({ action }) => action)).toEqual([
      "site.invited",
      "site.invited",
      "site.enrolled",
    ]);
    for (const expiresInHours of [0, 721, 1.5])
      expect(await call("POST", "/invites", { site: "late", expiresInHours })).toMatchObject({ status: 400 });
  });
});

describe("approval", () => {
  it("compares the words or the fingerprint of the keys that enrolled", async () => {
    const { site, sign: own } = await loadIdentity(new Home(homeOf("first")));
    const words = siteWords(memberOf(await loadIdentity(new Home(homeOf(site)))));
    const approve = (body: object) => call<{ status: unknown }>("POST", `/sites/${site}/approve`, body);
    const wrong = siteWords(memberOf(createIdentity(site, random)));
    expect(await approve({ words: wrong })).toMatchObject({ status: 409, code: "CONFLICT" });
    expect(await approve({ fingerprint: "ab".repeat(32) })).toMatchObject({ status: 409 });
    expect(await approve({ fingerprint: "" })).toMatchObject({ status: 400 });
    const shown = JSON.parse((await cli("status", "--json", "--home", homeOf(site))).out) as {
      words: string;
      fingerprint: string;
    };
    expect(shown.words).toBe(words);
    expect(await approve({ words, fingerprint: "ab".repeat(32) })).toMatchObject({ status: 409 });
    expect(own.publicKey).toHaveLength(32);
    expect(await approve({ words: words.toUpperCase(), fingerprint: shown.fingerprint })).toMatchObject({
      status: "approved",
      words,
    });
    expect((await records()).filter(({ action }) => action === "site.approved")).toMatchObject([
      { actor: expect.stringMatching(/^admin:/), site, details: { compared: "words" } },
    ]);
  });
});

describe("revocation", () => {
  it("cuts the open connection at once, and takes nothing more from it", async () => {
    const site = "leaver";
    const identity = await enrol(coordinator.url, token, site);
    const spec = { name: "kidney", participation: { sites: [site, "someone", "else"] } };
    const { hash } = await call<{ hash: string }>("POST", "/studies", spec);
    const agent = new FakeAgent(coordinator.url, identity, { shy: true });
    await until("the admission", () => agent.acknowledgements.find(({ ok }) => ok));
    expect(await agent.socket.emitWithAck("approvals", { hashes: [] })).toEqual({ ok: true });
    // Both are under way when the revocation is answered.
    await call("POST", `/sites/${site}/revoke`);
    const late = agent.socket.timeout(500).emitWithAck("approvals", { hashes: [hash] });
    expect(await late.catch(() => ({ ok: false }))).toMatchObject({ ok: false });
    await until("the cut", () => (agent.socket.connected ? undefined : true));
    expect(agent.refusals).toEqual(["SITE_REVOKED"]);
    const { sites } = await call<{ sites: { site: string; approved: boolean; status: string }[] }>(
      "GET",
      "/studies/kidney",
    );
    expect(sites.find((one) => one.site === site)).toMatchObject({ status: "revoked", approved: false });
    const again = new FakeAgent(coordinator.url, identity);
    expect(await until("the refusal", () => again.refusals[0])).toBe("SITE_REVOKED");
  });
});

/** What a site, or a thief, posts to change keys. */
function renewal(site: string, old: Identity, next: Identity, overrides: { at?: number; coordinator: string }) {
  const keysOf = (identity: Identity) => {
    const { signKey, boxKey } = memberOf(identity);
    return { signKey, boxKey };
  };
  const at = overrides.at ?? Date.now();
  const request = {
    protocol: PROTOCOL_VERSION,
    site,
    coordinator: overrides.coordinator,
    old: keysOf(old),
    next: keysOf(next),
    at,
  } as const;
  const text = renewTranscript(request);
  return { ...request, oldSignature: sign(text, old.sign.secretKey), nextSignature: sign(text, next.sign.secretKey) };
}

const renew = (body: object) =>
  api<{ status?: number; code?: string }>(coordinator.url, "none", "POST", "/renew", body);
const coordinatorKey = async () =>
  (await api<{ publicKey: string }>(coordinator.url, "none", "GET", `/identity?nonce=${"A".repeat(43)}%3D`)).publicKey;

describe("renewal of keys", () => {
  const sites = ["aa", "bb", "cc"];

  it("is no way in for somebody who has a name, a public key or an old request only", async () => {
    const identity = await enrol(coordinator.url, token, "owner");
    const other = await enrol(coordinator.url, token, "neighbour");
    const coordinator1 = await coordinatorKey();
    const thief = createIdentity("owner", random);
    const next = createIdentity("owner", random);
    const before = (await records()).length;
    // Own keys as the old ones; the public keys of the site without their secrets; a foreign signature.
    expect(await renew(renewal("owner", thief, next, { coordinator: coordinator1 }))).toMatchObject({ status: 409 });
    const pretended = { ...thief, box: identity.box, sign: { ...thief.sign, publicKey: identity.sign.publicKey } };
    expect(await renew(renewal("owner", pretended, next, { coordinator: coordinator1 }))).toMatchObject({
      code: "BAD_SIGNATURE",
    });
    expect(await renew(renewal("nobody", thief, next, { coordinator: coordinator1 }))).toMatchObject({ status: 409 });
    const good = renewal("owner", identity, next, { coordinator: coordinator1 });
    const half = { ...next, sign: { ...next.sign, secretKey: thief.sign.secretKey } };
    expect(await renew(renewal("owner", identity, half, { coordinator: coordinator1 }))).toMatchObject({
      code: "BAD_SIGNATURE",
    });
    for (const change of [
      { site: "neighbour" },
      { at: good.at + 1 },
      { next: renewal("owner", identity, thief, { coordinator: coordinator1 }).next },
    ])
      expect(await renew({ ...good, ...change })).toMatchObject({ code: "BAD_SIGNATURE" });
    // For another coordinator; of another time; with keys of another site, swapped, or twice the same.
    expect(await renew(renewal("owner", identity, next, { coordinator: memberOf(thief).signKey }))).toMatchObject({
      code: "BAD_SIGNATURE",
    });
    for (const at of [Date.now() - 25 * HOUR, Date.now() + 25 * HOUR])
      expect(await renew(renewal("owner", identity, next, { coordinator: coordinator1, at }))).toMatchObject({
        status: 400,
        code: "BAD_REQUEST",
      });
    for (const keys of [other, { ...next, box: other.box }, { ...next, box: identity.box }])
      expect(await renew(renewal("owner", identity, keys, { coordinator: coordinator1 }))).toMatchObject({
        status: 409,
      });
    expect((await records()).length).toBe(before);

    expect(await renew(good)).toMatchObject({ renewed: true });
    expect(await renew(good)).toMatchObject({ renewed: false });
    const third = createIdentity("owner", random);
    expect(await renew(renewal("owner", next, third, { coordinator: coordinator1 }))).toMatchObject({ renewed: true });
    // A request of before is of no use, nor is a key that was given up.
    expect(await renew(good)).toMatchObject({ status: 409 });
    expect(await renew(renewal("owner", third, identity, { coordinator: coordinator1 }))).toMatchObject({
      status: 409,
    });
    await call("POST", "/sites/owner/revoke");
    const late = renewal("owner", third, createIdentity("owner", random), { coordinator: coordinator1 });
    expect(await renew(late)).toMatchObject({ status: 409 });
    expect((await records()).filter(({ action }) => action === "site.renewed")).toMatchObject([
      { actor: "site:owner", site: "owner", details: { old: { signKey: memberOf(identity).signKey } } },
      { actor: "site:owner", site: "owner", details: { next: { signKey: memberOf(third).signKey } } },
    ]);
  });

  it("is finished at the next start where it was cut off, by the command line of the site", async () => {
    const site = "renewer";
    await cli("init", "--home", homeOf(site), "--site", site);
    // The coordinator takes the renewal, and the answer is lost.
    let lost = 0;
    const between = await serve(async (path, body) => {
      const response = await relay(path, body);
      return path.endsWith("/renew") && lost++ === 0 ? undefined : response;
    });
    const { invite } = await invited(site);
    expect(await enroll(site, between.url, invite)).toMatchObject({ status: 0 });
    await call("POST", `/sites/${site}/approve`);
    const home = new Home(homeOf(site));
    const old = await loadIdentity(home);
    expect(await cli("renew", "--home", home.folder)).toMatchObject({
      status: 1,
      err: expect.stringContaining("cannot reach"),
    });
    expect(await loadIdentity(home)).toEqual(old);
    const known = async () =>
      (await call<{ sites: { site: string; words: string; status: string }[] }>("GET", "/sites")).sites.find(
        (one) => one.site === site,
      );
    expect((await known())?.words).not.toBe(siteWords(memberOf(old)));
    expect((await cli("status", "--home", home.folder)).out).toContain("not confirmed yet");

    const renewed = await cli("renew", "--home", home.folder);
    expect(renewed).toMatchObject({ status: 0, err: expect.stringContaining("roster sign") });
    const next = await loadIdentity(home);
    expect(renewed.out).toContain(siteWords(memberOf(next)));
    expect(await known()).toMatchObject({ status: "approved", words: siteWords(memberOf(next)) });
    expect(between.posted.filter((body) => body.includes("oldSignature"))).toHaveLength(2);
    await expect(readFile(home.nextIdentity)).rejects.toMatchObject({ code: "ENOENT" });
    expect(JSON.parse((await cli("status", "--json", "--home", home.folder)).out)).toMatchObject({
      renewalBegun: false,
      keysSince: expect.any(String),
    });
    const stale = new FakeAgent(coordinator.url, old);
    expect(await until("the refusal", () => stale.refusals[0])).toBe("BAD_SIGNATURE");
  });

  it("cuts the connection of the old keys, and the site is in sums again under the next roster", async () => {
    const identities = new Map<string, Identity>();
    for (const site of sites) identities.set(site, await enrol(coordinator.url, token, site));
    await signSites(coordinator.url, token);
    const spec = { name: "liver", rounds: 1, personalShare: 0, budget: 1000, participation: { sites } };
    await call("POST", "/studies", spec);
    const [first, ...others] = sites.map((site) => new FakeAgent(coordinator.url, identities.get(site)!));
    await until("the admission", () => first.acknowledgements.find(({ ok }) => ok));
    const next = createIdentity("aa", random);
    const request = renewal("aa", identities.get("aa")!, next, { coordinator: await coordinatorKey() });
    expect(await renew(request)).toMatchObject({ renewed: true });
    expect(await until("the cut", () => first.refusals[0])).toBe("KEYS_RENEWED");
    const again = new FakeAgent(coordinator.url, next);
    await call("POST", "/studies/liver/start");
    interface RoundOf {
      round: { phase: string; sites: { site: string; state: string }[] } | null;
    }
    const round = await until("the others to be ready", async () => {
      const view = (await call<RoundOf>("GET", "/studies/liver")).round;
      return view?.sites.filter(({ state }) => state === "ready").length === 2 ? view : undefined;
    });
    expect(round.phase).toBe("recruiting");
    expect(round.sites.find(({ site }) => site === "aa")?.state).toBe("missing");
    await signSites(coordinator.url, token);
    await until("the study to end", async () =>
      (await call<{ status: string }>("GET", "/studies/liver")).status === "completed" ? true : undefined,
    );
    expect(again.seen).toContain("unmask");
    expect(others.every((agent) => agent.seen.includes("unmask"))).toBe(true);
    expect(await call("GET", "/audit/verify")).toMatchObject({ ok: true, problem: null });
  });
});

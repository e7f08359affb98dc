import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type ApiCoordinator, ask, startApi } from "./coordinator-api-support.js";

const HOURS = 3_600_000;

describe("a browser that is signed in", () => {
  let running: ApiCoordinator;
  const call = (method: string, path: string, options: Parameters<typeof ask>[3] = {}) =>
    ask(running.url, method, `/api/v1${path}`, options);
  /** @returns the cookie as a browser sends it, and as it was set */
  const signIn = async (token: string, headers: Record<string, string> = {}) => {
    const answer = await call("POST", "/session", { body: { token }, headers });
    const set = answer.headers.get("set-cookie") ?? "";
    return { answer, set, cookie: set.split(";")[0] };
  };

  beforeAll(async () => {
    running = await startApi();
  });
  afterAll(() => running.coordinator.close());

  it("has a cookie that scripts cannot read and other pages cannot use", async () => {
    const { answer, set, cookie } = await signIn(running.admin);
    expect(answer).toMatchObject({ status: 200, body: { role: "admin", expiresAt: expect.any(Number) } });
    for (const part of [/^fedbaps=[\w-]{43};/, /; HttpOnly/, /; SameSite=Strict/, /; Path=\/;/])
      expect(set).toMatch(part);
    expect(set).not.toContain("Secure");
    expect(set).not.toContain(running.admin);
    expect((await call("GET", "/session", { headers: { cookie } })).body).toEqual(answer.body);
    const secure = await signIn(running.admin, { "x-forwarded-proto": "https" });
    expect(secure.set).toMatch(/^__Host-fedbaps=[\w-]{43};.*; Path=\/;.*; Secure/);
    expect(secure.set).not.toContain("Domain");
    const overPlain = await call("GET", "/session", { headers: { cookie: secure.cookie } });
    expect(overPlain.status).toBe(401);
    const overHttps = await call("GET", "/session", {
      headers: { cookie: secure.cookie, "x-forwarded-proto": "https" },
    });
    expect(overHttps.status).toBe(200);
  });

  it("changes something only by a request that the dashboard itself has made", async () => {
    const { cookie } = await signIn(running.admin);
    const post = (headers: Record<string, string>) =>
      call("POST", "/invites", { headers: { cookie, ...headers }, body: { site: "north" } });
    const own = { "x-fedbaps-request": "1" };
    for (const headers of [{}, { "x-fedbaps-request": "0" }, { ...own, origin: "https://evil.example" }])
      expect(await post(headers)).toMatchObject({ status: 403, body: { code: "CROSS_SITE" } });
    expect((await post({ ...own, origin: "null" })).status).toBe(403);
    expect((await post({ ...own, origin: running.url })).status).toBe(201);
    expect((await post(own)).status).toBe(201);
    const stranger = await call("POST", "/session", {
      body: { token: running.admin },
      headers: { origin: "https://evil.example" },
    });
    expect(stranger.status).toBe(403);
    // A token that is sent with the request is no browser's: nothing else is asked.
    const byToken = await call("POST", "/invites", { token: running.admin, body: { site: "south" } });
    expect(byToken.status).toBe(201);
  });

  it("may no more than the token with which it signed in, and not longer", async () => {
    const viewer = await running.token("viewer");
    const { cookie } = await signIn(viewer.token);
    const headers = { cookie, "x-fedbaps-request": "1" };
    expect((await call("GET", "/studies", { headers })).status).toBe(200);
    expect(await call("POST", "/invites", { headers, body: { site: "west" } })).toMatchObject({
      status: 403,
      body: { code: "FORBIDDEN" },
    });
    await call("DELETE", `/tokens/${viewer.id}`, { token: running.admin });
    expect((await call("GET", "/studies", { headers })).status).toBe(401);
    expect((await signIn(viewer.token)).answer.status).toBe(401);
    expect((await signIn("no-token")).answer.status).toBe(401);
  });

  it("ends when it signs out, and after twelve hours", async () => {
    const [one, two] = [await signIn(running.admin), await signIn(running.admin)];
    const get = (cookie: string) => call("GET", "/session", { headers: { cookie } });
    const out = await call("DELETE", "/session", { headers: { cookie: one.cookie, "x-fedbaps-request": "1" } });
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toMatch(/^fedbaps=;.*Expires=Thu, 01 Jan 1970/);
    expect((await get(one.cookie)).status).toBe(401);
    expect((await get(two.cookie)).status).toBe(200);
    running.clock.offset += 12 * HOURS;
    expect((await get(two.cookie)).status).toBe(401);
  });

  it("never leaves the last admin out", async () => {
    const { tokens } = (await call("GET", "/tokens", { token: running.admin })).body as {
      tokens: { id: string; role: string; name: string; lastUsedAt: number | null }[];
    };
    const [first] = tokens;
    expect(first).toMatchObject({ role: "admin", name: "first admin", lastUsedAt: expect.any(Number) });
    const refused = await call("DELETE", `/tokens/${first.id}`, { token: running.admin });
    expect(refused).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
    const second = await running.token("admin");
    for (const status of [204, 204])
      expect((await call("DELETE", `/tokens/${first.id}`, { token: second.token })).status).toBe(status);
    expect((await call("GET", "/tokens", { token: running.admin })).status).toBe(401);
    expect((await call("DELETE", `/tokens/${second.id}`, { token: second.token })).status).toBe(409);
    expect(JSON.stringify(tokens)).not.toContain(running.admin);
  });
});

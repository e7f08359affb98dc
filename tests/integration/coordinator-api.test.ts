import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  type ApiCoordinator,
  type ApiDocument,
  type Asked,
  ask,
  documentedSchema,
  documentSchema,
  operationsOf,
  startApi,
} from "./coordinator-api-support.js";
import { closeAgents, enrol, FakeAgent, signSites, until } from "./coordinator-support.js";

const names = ["a-site", "b-site", "c-site"];
const spec = { name: "liver", rounds: 1, participation: { sites: names } };

describe("the API", () => {
  let running: ApiCoordinator;
  let document: ApiDocument;
  const call = (method: string, path: string, options: Parameters<typeof ask>[3] = {}): Promise<Asked> =>
    ask(running.url, method, `/api/v1${path}`, { token: running.admin, ...options });

  beforeAll(async () => {
    running = await startApi();
    document = documentSchema.parse((await call("GET", "/openapi.json", { token: undefined })).body);
  });
  afterAll(async () => {
    closeAgents();
    await running.coordinator.close();
  });

  it("opens each route to those who may, and to nobody else", async () => {
    const viewer = (await running.token("viewer")).token;
    const revoked = await running.token("admin");
    await call("DELETE", `/tokens/${revoked.id}`);
    const expired = (await running.token("admin", 1)).token;
    running.clock.offset += 24 * 3_600_000;
    const operations = operationsOf(document);
    expect(operations.length).toBeGreaterThan(20);
    for (const { method, path, role } of operations) {
      const where = `${method} ${path}`;
      const address = path.replace("{name}", "nobody").replace("{id}", "000000000000");
      const status = async (token: string | undefined) => (await call(method, address, { token })).status;
      for (const token of [undefined, "x".repeat(43), revoked.token, expired]) {
        if (role === "anyone") expect([where, await status(token)]).not.toEqual([where, 403]);
        else expect([where, await status(token)]).toEqual([where, 401]);
      }
      const [asViewer, asAdmin] = [await status(viewer), await status(running.admin)];
      if (role === "admin") expect([where, asViewer]).toEqual([where, 403]);
      if (role === "viewer") expect([where, asViewer]).toEqual([where, asAdmin]);
      if (role !== "anyone") expect([where, asAdmin < 401 || asAdmin === 404]).toEqual([where, true]);
    }
  });

  it("answers as it is described, from first contact to a finished study", async () => {
    const told = new Map<string, Asked>();
    const get = async (path: string, address = path) => {
      const answer = await call("GET", address);
      expect([path, answer.status]).toEqual([path, 200]);
      fits(document, "GET", path, answer);
      told.set(path, answer);
    };
    const post = async (path: string, body?: unknown, address = path) => {
      const answer = await call("POST", address, { body });
      expect([path, answer.status < 300]).toEqual([path, true]);
      fits(document, "POST", path, answer);
    };
    const odd = { status: 200, headers: new Headers(), body: { tokens: [], secret: "x" } };
    expect(() => fits(document, "GET", "/tokens", odd)).toThrow(/secret/);
    await post("/invites", { site: "z-site", expiresInHours: 2 });
    const identities = await Promise.all(names.map((site) => enrol(running.url, running.admin, site)));
    await signSites(running.url, running.admin);
    for (const identity of identities) new FakeAgent(running.url, identity);
    await post("/studies", spec);
    await post("/studies/{name}/clone", { name: "copy", rounds: 2 }, "/studies/liver/clone");
    await get("/studies/{name}", "/studies/copy");
    await post("/studies/{name}/start", undefined, "/studies/liver/start");
    await until("the end", async () => {
      await get("/studies/{name}", "/studies/liver");
      const shown = told.get("/studies/{name}")?.body as { status: string } | undefined;
      return shown?.status === "completed" ? true : undefined;
    });
    expect(told.get("/studies/{name}")?.body).toMatchObject({
      completed: 1,
      rounds: [{ round: 1, phase: "completed", survivors: names }],
      siteDice: expect.any(Array),
      reports: [{ site: "a-site" }, { site: "b-site" }, { site: "c-site" }],
    });
    await get("/studies/{name}/seen", "/studies/liver/seen");
    expect(told.get("/studies/{name}/seen")?.body).toMatchObject({
      sealed: true,
      inputs: names.map((site) => ({ site })),
    });
    await get("/studies", "/studies?status=completed");
    expect(told.get("/studies")?.body).toMatchObject({ studies: [{ name: "liver", waiting: null }], next: null });
    for (const path of ["/studies", "/sites", "/roster", "/tokens", "/session", "/coordinator"]) await get(path);
    for (const path of ["/audit", "/audit/verify"]) await get(path);
    await post("/tokens", { name: "ward 3", role: "viewer" });
    await post("/sites/{name}/revoke", undefined, "/sites/a-site/revoke");
    await post("/sites/{name}/approve", {}, "/sites/a-site/approve");
  });

  it("tells every refusal as a problem that fits its description", async () => {
    const json = { "content-type": "application/json" };
    const cases: [string, string, Parameters<typeof ask>[3], number, string][] = [
      ["GET", "/nowhere", {}, 404, "NOT_FOUND"],
      ["GET", "/studies/nothing", {}, 404, "NOT_FOUND"],
      ["GET", "/studies/NO%20NAME", {}, 404, "NOT_FOUND"],
      ["GET", "/studies/%E0%A4%A", {}, 400, "BAD_REQUEST"],
      ["GET", "/studies?limit=0", {}, 400, "BAD_REQUEST"],
      ["GET", "/studies?limit=201", {}, 400, "BAD_REQUEST"],
      ["GET", "/studies?nonsense=1", {}, 400, "BAD_REQUEST"],
      ["GET", "/studies?cursor=eyJhIjoxfQ", {}, 400, "BAD_REQUEST"],
      ["GET", "/studies?status=asleep", {}, 400, "BAD_REQUEST"],
      ["PATCH", "/studies", {}, 405, "METHOD_NOT_ALLOWED"],
      ["GET", "/studies", { headers: { accept: "text/html" } }, 406, "NOT_ACCEPTABLE"],
      ["POST", "/studies", { body: "{", headers: json }, 400, "BAD_REQUEST"],
      ["POST", "/studies", { headers: json }, 400, "BAD_REQUEST"],
      [
        "POST",
        "/studies",
        { body: "name: x", headers: { "content-type": "text/yaml" } },
        415,
        "UNSUPPORTED_MEDIA_TYPE",
      ],
      ["POST", "/studies", { body: { ...spec, title: "x".repeat(300_000) } }, 413, "TOO_LARGE"],
      ["POST", "/studies", { body: { ...spec, rounds: 7 } }, 409, "CONFLICT"],
      ["POST", "/studies", { body: { name: "UPPER", rounds: -1 } }, 400, "BAD_REQUEST"],
      ["POST", "/studies/copy/pause", {}, 409, "CONFLICT"],
      ["PUT", "/studies/copy", { body: { ...spec, name: "copy" } }, 428, "PRECONDITION_REQUIRED"],
      ["DELETE", "/tokens/000000000000", {}, 404, "NOT_FOUND"],
      ["DELETE", "/tokens/everything", {}, 404, "NOT_FOUND"],
    ];
    for (const [method, path, options, status, code] of cases) {
      const answer = await call(method, path, options);
      expect([method, path, answer.status, answer.body]).toMatchObject([method, path, status, { status, code }]);
      expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(
        Object.keys(answer.body as object)
          .sort()
          .join(),
      ).toMatch(/^code,detail(,errors)?,status,title,type$/);
    }
    expect((await call("PATCH", "/studies")).headers.get("allow")).toBe("GET, POST, HEAD");
    const faults = await call("POST", "/studies", { body: { name: "UPPER", rounds: -1 } });
    expect(faults.body).toMatchObject({ errors: [{ path: "name" }, { path: "rounds" }, { path: "participation" }] });
  });

  it("lists in pages that neither repeat nor lose anything", async () => {
    for (let i = 0; i < 5; i++) await call("POST", "/studies", { body: { ...spec, name: `page-${i}` } });
    const seen: string[] = [];
    let cursor: string | null = "";
    for (let pages = 0; cursor !== null; pages++) {
      expect(pages).toBeLessThan(10);
      const page = await call("GET", `/studies?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
      const { studies, next } = page.body as { studies: { name: string }[]; next: string | null };
      expect(studies.length).toBeLessThanOrEqual(2);
      seen.push(...studies.map(({ name }) => name));
      cursor = next;
    }
    expect(seen).toEqual(["liver", "copy", "page-0", "page-1", "page-2", "page-3", "page-4"]);
    const some = await call("GET", "/studies?status=draft&limit=1");
    expect(some.body).toMatchObject({ studies: [{ name: "copy" }] });
  });

  it("lets a draft be changed only by who has seen how it stands", async () => {
    const before = await call("GET", "/studies/page-0");
    const etag = before.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[0-9a-f.]+"$/);
    const same = await call("GET", "/studies/page-0", { headers: { "if-none-match": etag } });
    expect([same.status, same.body]).toEqual([304, ""]);
    const put = (headers: Record<string, string>, name = "page-0", rounds = 9) =>
      call("PUT", "/studies/page-0", { headers, body: { ...spec, name, rounds } });
    expect((await put({ "if-match": '"00"' })).status).toBe(412);
    expect((await put({ "if-match": etag }, "another")).status).toBe(400);
    const changed = await put({ "if-match": etag });
    expect([changed.status, changed.body]).toMatchObject([200, { name: "page-0", rounds: 9 }]);
    fits(document, "PUT", "/studies/{name}", changed);
    expect((await put({ "if-match": etag })).status).toBe(412);
    const later = await call("GET", "/studies/page-0", { headers: { "if-none-match": etag } });
    expect([later.status, later.body]).toMatchObject([200, { spec: { rounds: 9 } }]);
    await call("POST", "/studies/page-0/abort");
    const now = (await call("GET", "/studies/page-0")).headers.get("etag") ?? "";
    expect((await put({ "if-match": now }, "page-0", 10)).body).toMatchObject({ status: 409 });
  });

  it("tells who listens what has changed, and lets go of who may listen no more", async () => {
    const { id, token } = await running.token("viewer");
    const response = await fetch(`${running.url}/api/v1/events`, { headers: { authorization: `Bearer ${token}` } });
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    let text = "";
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const part of response.body ?? []) text += decoder.decode(part as Uint8Array, { stream: true });
    })();
    await call("POST", "/studies", { body: { ...spec, name: "watched" } });
    await until("the event", () => (text.includes('"study":"watched"') ? true : undefined));
    expect(text).toContain('event: change\ndata: {"kind":"study","study":"watched"}\n\n');
    await call("DELETE", `/tokens/${id}`);
    running.clock.hasten(15_000);
    await reading;
  });
});

/** The answer is what the description says, with nothing beside it. */
function fits(document: ApiDocument, method: string, path: string, answer: Asked): void {
  const parsed = documentedSchema(document, method, path).safeParse(answer.body);
  const issues = parsed.success ? [] : parsed.error.issues;
  expect({ method, path, issues }).toEqual({ method, path, issues: [] });
}

import type { LogFields } from "@fedbaps/core/common/logger.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type ApiCoordinator, ask, startApi } from "./coordinator-api-support.js";

describe("what the API lets through", () => {
  let running: ApiCoordinator;
  const lines: (LogFields & { event: string })[] = [];
  const call = (method: string, path: string, options: Parameters<typeof ask>[3] = {}) =>
    ask(running.url, method, path, options);
  const statuses = async (count: number, one: () => Promise<{ status: number }>) => {
    const seen: number[] = [];
    for (let i = 0; i < count; i++) seen.push((await one()).status);
    return seen;
  };

  beforeAll(async () => {
    const info = (event: string, fields: LogFields = {}) => void lines.push({ event, ...fields });
    running = await startApi({ limits: { requests: 5, failures: 3 }, logger: { ...silentLogger, info } });
  });
  afterAll(() => running.coordinator.close());

  it("stops who guesses, and goes on for others", async () => {
    const guess = { body: { token: "g".repeat(43) } };
    const from = (address: string) => ({ "x-forwarded-for": address });
    const signIn = () => call("POST", "/api/v1/session", { ...guess, headers: from("192.0.2.1") });
    expect(await statuses(4, signIn)).toEqual([401, 401, 401, 429]);
    const stopped = await signIn();
    expect(stopped).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
    expect(Number(stopped.headers.get("retry-after"))).toBeGreaterThan(0);
    const read = () => call("GET", "/api/v1/studies", { token: "g".repeat(43), headers: from("192.0.2.2") });
    expect(await statuses(4, read)).toEqual([401, 401, 401, 429]);
    const enrol = () => call("POST", "/api/v1/enrol", { body: {}, headers: from("192.0.2.3") });
    expect(await statuses(4, enrol)).toEqual([400, 400, 400, 429]);
    const old = () =>
      call("GET", "/api/v1/session", { headers: { cookie: `fedbaps=${"o".repeat(43)}`, ...from("192.0.2.6") } });
    expect(await statuses(4, old)).toEqual([401, 401, 401, 401]);
    const right = await call("GET", "/api/v1/studies", { token: running.admin, headers: from("192.0.2.2") });
    expect(right.status).toBe(200);
  });

  it("lets a token ask only so often over a network, and a program on this machine as it likes", async () => {
    const viewer = (await running.token("viewer")).token;
    const remote = () => call("GET", "/api/v1/studies", { token: viewer, headers: { "x-forwarded-for": "192.0.2.4" } });
    expect(await statuses(6, remote)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(new Set(await statuses(8, () => call("GET", "/api/v1/studies", { token: viewer })))).toEqual(new Set([200]));
    const nobody = () => call("GET", "/api/v1/openapi.json", { headers: { "x-forwarded-for": "192.0.2.5" } });
    expect(await statuses(6, nobody)).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it("gives nothing to pages of others, and keeps nothing in caches", async () => {
    const { headers } = await call("GET", "/api/v1/openapi.json");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("access-control-allow-origin")).toBeNull();
    const policy = headers.get("content-security-policy")?.split(";") ?? [];
    expect(policy.sort()).toEqual(
      [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
      ].sort(),
    );
  });

  it("writes down each request by its route, never by what was in it", async () => {
    lines.length = 0;
    const given = await call("GET", "/api/v1/studies/secret-study?limit=1", {
      token: running.admin,
      headers: { "x-request-id": "abc-123.x" },
    });
    const made = await call("GET", "/api/v1/no/such/path?patient=1", {
      headers: { "x-request-id": "two words\u00e9" },
    });
    expect(given.headers.get("x-request-id")).toBe("abc-123.x");
    expect(made.headers.get("x-request-id")).toMatch(/^[\w-]{12}$/);
    const requests = lines.filter(({ event }) => event === "request");
    expect(requests).toEqual([
      {
        event: "request",
        requestId: "abc-123.x",
        method: "GET",
        route: "/api/v1/studies/:name",
        study: "secret-study",
        status: 404,
        milliseconds: expect.any(Number),
      },
      expect.objectContaining({ route: "unknown", status: 404, requestId: made.headers.get("x-request-id") }),
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/patient|limit|such/);
  });

  it("says how it is, and measures itself for who may know", async () => {
    expect((await call("GET", "/healthz")).body).toMatchObject({ status: "ok" });
    expect((await call("GET", "/readyz")).body).toEqual({ status: "ready" });
    const remote = { "x-forwarded-for": "192.0.2.9" };
    expect(await call("GET", "/metrics", { headers: remote })).toMatchObject({ status: 401 });
    const viewer = (await running.token("viewer")).token;
    for (const options of [{}, { token: viewer, headers: remote }]) {
      const { status, body, headers } = await call("GET", "/metrics", options);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toMatch(/^text\/plain/);
      for (const line of [
        'fedbaps_studies{status="running"} 0',
        "fedbaps_database_up 1",
        "fedbaps_sites_connected 0",
        "fedbaps_replicas 1",
        'fedbaps_http_request_seconds_count{method="GET",route="/healthz",status="200"} 1',
      ])
        expect(body).toContain(`${line}\n`);
    }
  });
});

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { checkProxies } from "@fedbaps/coordinator/config.js";
import { healthRoutes } from "@fedbaps/coordinator/http/health.js";
import { problemOf } from "@fedbaps/coordinator/http/problem.js";
import { describe, expect, it } from "@jest/globals";
import express from "express";

describe("a coordinator whose database is away", () => {
  it("runs, but is not ready, and says why", async () => {
    const server = createServer(express().use(healthRoutes({ ready: async () => false })));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([
      503,
      { status: "not-ready", reason: expect.any(String) },
    ]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("answers 503, by which clients know that they may ask again", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED 10.0.0.5:5432"), { code: "ECONNREFUSED" });
    const shutdown = Object.assign(new Error("terminating connection due to administrator command"), { code: "57P01" });
    for (const error of [
      refused,
      shutdown,
      new AggregateError([refused]),
      new Error("Connection terminated unexpectedly"),
    ]) {
      const problem = problemOf(error);
      expect(problem).toMatchObject({ status: 503, code: "UNAVAILABLE" });
      expect(JSON.stringify(problem)).not.toMatch(/5432|terminat/);
    }
    const broken = Object.assign(new Error('relation "x" does not exist'), { code: "42P01" });
    expect(problemOf(broken)).toMatchObject({ status: 500 });
  });
});

describe("proxies that are believed", () => {
  it("are addresses and networks", () => {
    const right = ["10.0.0.7", "10.0.0.0/24", "fd00::/8", "::1"];
    expect(checkProxies(right)).toEqual(right);
    for (const wrong of ["proxy.example.org", "10.0.0.0/33", "10.0.0.7/", "1.2.3", "", "10.0.0.0/8/8", "::1/129"])
      expect(() => checkProxies([wrong])).toThrow(/--trust-proxy/);
  });
});

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { apiBase, callApi } from "@fedbaps/coordinator/commands/api-client.js";
import { describe, expect, it } from "@jest/globals";
import { z } from "zod";

describe("the commands' way to the API", () => {
  it("does not send the admin token over plain HTTP to another machine, unless that is asked for", () => {
    for (const url of ["http://127.0.0.1:8470", "http://localhost:1", "http://[::1]:8470", "https://hub.example.org"])
      expect(apiBase(url, false)).toBe(url);
    for (const url of ["http://hub.example.org", "http://10.0.0.1:8470", "http://127.0.0.1.example.org"]) {
      expect(() => apiBase(url, false)).toThrow(/plain text.*--insecure-http/);
      expect(apiBase(url, true)).toBe(url);
    }
    for (const url of ["hub", "ftp://127.0.0.1", ""]) expect(() => apiBase(url, true)).toThrow(/is not an address/);
  });

  it("keeps the path under which a proxy has the coordinator", async () => {
    const server = createServer((request, response) => response.end(JSON.stringify({ path: request.url })));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const answer = z.object({ path: z.string() });
    for (const [prefix, path] of [
      ["", "/api/v1/sites"],
      ["/", "/api/v1/sites"],
      ["/fedbaps/", "/fedbaps/api/v1/sites"],
    ]) {
      const url = apiBase(`http://127.0.0.1:${port}${prefix}`, false);
      expect(await callApi({ url, token: "x" }, "GET", "/sites", answer)).toEqual({ path });
    }
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

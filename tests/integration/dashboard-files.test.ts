import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { dashboardRoutes } from "@fedbaps/coordinator/http/dashboard.js";
import { afterEach, expect, test } from "@jest/globals";
import express from "express";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

removeTemporaryFolders();
let server: Server | undefined;
afterEach(() => void server?.close());

async function serve(folder: string): Promise<string> {
  const app = express();
  app.use(dashboardRoutes(folder));
  app.use((_request, response) => void response.status(404).send("not the dashboard's"));
  server = createServer(app);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function built(): Promise<string> {
  const parent = await temporaryFolder();
  await writeFile(join(parent, "secret.txt"), "beside the build");
  const folder = join(parent, "dashboard");
  await mkdir(join(folder, "assets"), { recursive: true });
  await writeFile(join(folder, "index.html"), "<title>the dashboard</title>");
  await writeFile(join(folder, "assets", "index-abc123.js"), "0;");
  return folder;
}

test("pages of the browser's own router are the one page, and are asked for again each time", async () => {
  const url = await serve(await built());
  for (const path of ["/", "/studies", "/studies/lesions/edit", "/apiary"]) {
    const response = await fetch(url + path);
    expect([path, response.status, response.headers.get("cache-control")]).toEqual([path, 200, "no-cache"]);
    expect(await response.text()).toContain("the dashboard");
  }
});

test("what is the API's, a file, or no reading is left to others", async () => {
  const url = await serve(await built());
  for (const path of [
    "/api/v1/nothing",
    "/api",
    "/metrics",
    "/healthz",
    "/readyz",
    "/missing.js",
    "/assets/missing.js",
  ])
    expect([path, (await fetch(url + path)).status]).toEqual([path, 404]);
  expect((await fetch(`${url}/studies`, { method: "POST" })).status).toBe(404);
});

test("hashed files are kept for ever, and nothing outside the folder is given out", async () => {
  const url = await serve(await built());
  const response = await fetch(`${url}/assets/index-abc123.js`);
  expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(response.headers.get("content-type")).toMatch(/javascript/);
  for (const path of ["/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/assets/%2e%2e%2f%2e%2e%2fsecret.txt"]) {
    const outside = await fetch(url + path);
    expect(outside.status).toBeGreaterThanOrEqual(400);
    expect(await outside.text()).not.toContain("beside the build");
  }
});

test("without a build it says how to make one", async () => {
  const url = await serve(await temporaryFolder());
  const response = await fetch(`${url}/studies`);
  expect(response.status).toBe(503);
  expect(await response.text()).toContain("npm run build");
});

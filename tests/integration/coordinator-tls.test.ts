import { writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { codeOf } from "../support/codes.js";
import { selfSigned } from "../support/self-signed.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { start } from "./coordinator-support.js";

removeTemporaryFolders();

interface Answered {
  readonly status: number | undefined;
  readonly cookie: string | undefined;
}

function ask(url: string, ca: string, method: string, body?: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { ca, method, headers: { "content-type": "application/json" }, agent: false },
      (response) => {
        response.resume();
        response.on("end", () => resolve({ status: response.statusCode, cookie: response.headers["set-cookie"]?.[0] }));
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

describe("a coordinator with TLS of its own", () => {
  let tls: { cert: string; key: string };
  let first: { cert: string; key: string };
  let coordinator: Coordinator;

  const write = async (pair: { cert: string; key: string }) => {
    await writeFile(tls.cert, pair.cert);
    await writeFile(tls.key, pair.key);
  };

  beforeAll(async () => {
    const folder = await temporaryFolder();
    tls = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
    first = selfSigned(new Date());
    await write(first);
    coordinator = await start({ tls });
  });
  afterAll(() => coordinator.close());

  it("is reached by https, and not by plain http", async () => {
    expect(coordinator.url).toMatch(/^https:/);
    expect((await ask(`${coordinator.url}/healthz`, first.cert, "GET")).status).toBe(200);
    await expect(fetch(`${coordinator.url.replace("https", "http")}/healthz`)).rejects.toThrow();
  });

  it("gives the dashboard a cookie that travels by https only", async () => {
    const body = JSON.stringify({ token: coordinator.newAdminToken });
    const { status, cookie } = await ask(`${coordinator.url}/api/v1/session`, first.cert, "POST", body);
    expect(status).toBe(200);
    expect(cookie).toMatch(/^__Host-fedbaps=.*Secure/);
  });

  it("takes a renewed certificate, and keeps the one it has where the new files are no pair", async () => {
    const next = selfSigned(new Date());
    await write({ cert: next.cert, key: first.key });
    expect(() => coordinator.renewCertificate()).toThrow(/no pair/);
    expect((await ask(`${coordinator.url}/healthz`, first.cert, "GET")).status).toBe(200);
    await write(next);
    coordinator.renewCertificate();
    expect((await ask(`${coordinator.url}/healthz`, next.cert, "GET")).status).toBe(200);
    await expect(ask(`${coordinator.url}/healthz`, first.cert, "GET")).rejects.toThrow();
  });

  it("says at its start what is wrong with the files", async () => {
    const missing = { ...tls, key: `${tls.key}.missing` };
    expect(await codeOf(() => start({ tls: missing }))).toBe("USAGE");
  });
});

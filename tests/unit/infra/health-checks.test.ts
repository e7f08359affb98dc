import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { makeSecrets } from "./made-secrets.js";
import { root } from "./support.js";

removeTemporaryFolders();

function run(script: string, args: string[], env = process.env): Promise<{ status: number; stdout: string }> {
  return new Promise((resolve) =>
    execFile(process.execPath, [`${root}/infra/docker/${script}`, ...args], { env }, (error, stdout) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout: stdout.trim() }),
    ),
  );
}

describe("coordinator-health.mjs", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  async function listening(server: Server): Promise<string> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return String((server.address() as AddressInfo).port);
  }

  it("is content with /healthz by HTTP, and not with an answer that says otherwise", async () => {
    const good = createServer((request, response) => response.writeHead(request.url === "/healthz" ? 200 : 404).end());
    expect(await run("coordinator-health.mjs", [await listening(good)])).toEqual({ status: 0, stdout: "healthy" });
    const starting = createServer((_, response) => response.writeHead(503).end());
    expect(await run("coordinator-health.mjs", [await listening(starting)])).toEqual({
      status: 1,
      stdout: "unhealthy: HTTP 503",
    });
  });

  it("is content with TLS whatever the certificate's name", async () => {
    const { cert, key } = await certificate();
    const port = await listening(createTlsServer({ cert, key }, (_, response) => response.writeHead(200).end()));
    expect(await run("coordinator-health.mjs", [port])).toEqual({ status: 0, stdout: "healthy" });
  });

  it("says that nothing answers", async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await run("coordinator-health.mjs", [port])).toEqual({ status: 1, stdout: "unhealthy: ECONNREFUSED" });
  });
});

describe("site-agent-health.mjs", () => {
  const now = Date.parse("2026-05-04T12:00:00Z");
  const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
  const running = { pid: 1, command: "fedbaps-site run", since: ago(60) };
  const link = (state: string, minutes: number, code: string | null = null) => ({ state, since: ago(minutes), code });

  it.each([
    ["connected", { running, activity: { at: ago(1), link: link("admitted", 50) } }, undefined],
    ["lost for a while", { running, activity: { at: ago(1), link: link("lost", 14, "X") } }, undefined],
    [
      "lost for long",
      { running, activity: { at: ago(1), link: link("lost", 16, "ECONNREFUSED") } },
      `not connected since ${ago(16)} (ECONNREFUSED)`,
    ],
    [
      "silent",
      { running, activity: { at: ago(6), link: link("admitted", 50) } },
      `the agent has written nothing since ${ago(6)}`,
    ],
    [
      "just started, after another",
      { running: { ...running, since: ago(1) }, activity: { at: ago(90), link: link("lost", 99) } },
      undefined,
    ],
    ["started, and never heard of", { running, activity: null }, `the agent has written nothing since ${ago(60)}`],
    ["not running", { running: null, activity: null }, "no agent runs"],
  ])("%s", async (_what, status, complaint) => {
    const { complaintAbout } = await import(`${root}/infra/docker/site-agent-health.mjs`);
    expect(complaintAbout(status, now)).toBe(complaint);
  });

  it("asks the program of the image, and is not content where that fails", async () => {
    const folder = await temporaryFolder();
    const program = join(folder, "fedbaps-site");
    const says = async (text: string) => {
      await writeFile(program, `#!/bin/sh\n${text}\n`);
      await chmod(program, 0o755);
      return run("site-agent-health.mjs", [], { ...process.env, PATH: `${folder}:${process.env.PATH}` });
    };
    const at = new Date().toISOString();
    const status = {
      running: { ...running, since: at },
      activity: { at, link: { ...link("admitted", 0), since: at } },
    };
    expect(await says(`[ "$*" = "status --json" ] && echo '${JSON.stringify(status)}'`)).toEqual({
      status: 0,
      stdout: "healthy",
    });
    expect(await says("exit 1")).toEqual({ status: 1, stdout: "unhealthy: status failed (1)" });
  });
});

/** By the script that makes the trial's. */
async function certificate(): Promise<{ cert: string; key: string }> {
  const { read } = await makeSecrets();
  return { cert: read("tls-cert.pem"), key: read("tls-key.pem") };
}

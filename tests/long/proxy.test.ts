import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { rosterWords } from "@fedbaps/core/secagg/roster.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { api, signSites, start, until } from "../integration/coordinator-support.js";
import { type Ran, runWith } from "../support/command-line.js";
import { ConnectProxy } from "../support/connect-proxy.js";
import { phantomSite } from "../support/phantom-site.js";
import { selfSigned } from "../support/self-signed.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { TlsFront } from "../support/tls-front.js";

// Hospitals as they are: the coordinator has a name that only the proxy can resolve, and a certificate of an authority that
// no machine knows by itself.

removeTemporaryFolders();

const HOST = "fed.example.test";
const SITES = ["aa", "bb", "cc"];
const STUDY = { name: "study", rounds: 2, personalShare: 0, budget: 150, clicks: 1, participation: { sites: SITES } };
const PASSWORD = "p@ss/wörd:1";

let folder: string;
let coordinator: Coordinator;
let token: string;
let front: TlsFront;
let url: string;
let ca: string;
let open: ConnectProxy;
let guarded: ConnectProxy;

const homeOf = (site: string) => new Home(join(folder, site));
const guardedUrl = (password = PASSWORD) => `http://ward:${encodeURIComponent(password)}@127.0.0.1:${guarded.port}`;
const cli = (site: string, env: Record<string, string>, ...argv: string[]) =>
  runWith({ env }, "--home", homeOf(site).folder, ...argv);

beforeAll(async () => {
  folder = await temporaryFolder();
  coordinator = await start();
  token = coordinator.newAdminToken!;
  const pair = selfSigned(new Date(), HOST);
  ca = join(folder, "hospital.pem");
  await writeFile(ca, `The hospital's own authority\n${pair.cert}`);
  front = await TlsFront.start(pair, Number(new URL(coordinator.url).port));
  url = `https://${HOST}:${front.port}`;
  const names = { [HOST]: front.port, "other.example.test": front.port };
  open = await ConnectProxy.start(names);
  guarded = await ConnectProxy.start(names, PASSWORD);
});

afterAll(async () => {
  await open.close();
  await guarded.close();
  await front.close();
  await coordinator.close();
});

/** The ways in which the three sites say how to get out. */
const ENVIRONMENT: Record<string, () => Record<string, string>> = {
  aa: () => ({ HTTPS_PROXY: open.url, SSL_CERT_FILE: ca }),
  bb: () => ({ HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "*" }),
  cc: () => ({ ALL_PROXY: guardedUrl(), NO_PROXY: "localhost,.elsewhere.test,10.0.0.0/8", SSL_CERT_FILE: ca }),
};

async function invite(site: string): Promise<string> {
  return (await api<{ invite: string }>(coordinator.url, token, "POST", "/invites", { site })).invite;
}

describe("a line says which part of the way is missing", () => {
  const tryWith = (env: Record<string, string>, address = url): Promise<Ran> =>
    cli("trial", env, "enroll", "--coordinator", address, "--code", "CODE-12345678", "--trust-on-first-use");

  beforeAll(async () => {
    await cli("trial", {}, "init", "--site", "trial");
  });

  it.each<[string, () => Record<string, string>, RegExp, string?]>([
    [
      "no proxy",
      () => ({ SSL_CERT_FILE: ca }),
      /the name fed\.example\.test\S* cannot be resolved \((ENOTFOUND|EAI_AGAIN)\)/,
    ],
    ["NO_PROXY", () => ({ HTTPS_PROXY: open.url, NO_PROXY: "example.test", SSL_CERT_FILE: ca }), /cannot be resolved/],
    [
      "an unknown authority",
      () => ({ HTTPS_PROXY: open.url }),
      /not signed by an authority .*\(DEPTH_ZERO_SELF_SIGNED_CERT\): give your hospital's CA with ca: in site\.yaml/,
    ],
    [
      "another host's certificate",
      () => ({ HTTPS_PROXY: open.url, SSL_CERT_FILE: ca }),
      /is for another host/,
      "other.example.test",
    ],
    ["no password", () => ({ HTTPS_PROXY: guarded.url, SSL_CERT_FILE: ca }), /wants a user name and password/],
    [
      "a wrong password",
      () => ({ HTTPS_PROXY: guardedUrl("wrong-secret"), SSL_CERT_FILE: ca }),
      /wants a user name and password/,
    ],
    [
      "a proxy that is not there",
      () => ({ HTTPS_PROXY: "http://127.0.0.1:1" }),
      /the proxy http:\/\/127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\)/,
    ],
    [
      "a proxy that does not let it through",
      () => ({ HTTPS_PROXY: open.url }),
      /does not let this machine through to unknown\.test.*HTTP 502/,
      "unknown.test",
    ],
    [
      "a proxy of another kind",
      () => ({ ALL_PROXY: "socks5://u:hidden@127.0.0.1:1" }),
      /ALL_PROXY names a proxy of the kind socks5/,
    ],
    [
      "no certificate in the file",
      () => ({ HTTPS_PROXY: open.url, SSL_CERT_FILE: homeOf("trial").site }),
      /SSL_CERT_FILE: .* is no certificate file/,
    ],
  ])("%s", async (_, env, words, host = HOST) => {
    const { status, out, err } = await tryWith(env(), url.replace(HOST, host));
    expect(err).toMatch(words);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(status).toBeGreaterThan(0);
    expect(out + err).not.toMatch(/wrong-secret|hidden|p@ss|p%40ss/);
  });
});

describe("three sites behind proxies", () => {
  it("enrol by HTTPS_PROXY, by site.yaml and by ALL_PROXY, with and without a password", async () => {
    for (const site of SITES) expect((await cli(site, {}, "init", "--site", site)).status).toBe(0);
    const file = homeOf("bb").site;
    // A relative path is meant from the home.
    await writeFile(file, `${await readFile(file, "utf8")}proxy: ${guardedUrl()}\nca: ../hospital.pem\n`);
    for (const site of SITES) {
      const ran = await cli(site, ENVIRONMENT[site](), "enroll", "--coordinator", url, "--code", await invite(site));
      expect([site, ran]).toEqual([site, expect.objectContaining({ status: 0 })]);
      await api(coordinator.url, token, "POST", `/sites/${site}/approve`);
    }
    expect(open.tunnels.length).toBeGreaterThan(0);
    expect(guarded.tunnels.length).toBeGreaterThan(1);
  });

  it("do a whole study through them, while tunnels are cut and the proxy refuses for a while", async () => {
    const signed = await signSites(coordinator.url, token);
    await api(coordinator.url, token, "POST", "/studies", STUDY);
    await api(coordinator.url, token, "POST", `/studies/${STUDY.name}/start`);
    const words = rosterWords(signed.roster);
    for (const site of SITES) {
      const env = ENVIRONMENT[site]();
      expect(await cli(site, env, "roster", "accept", "--words", words)).toMatchObject({ status: 0, err: "" });
      expect(await cli(site, env, "study", "approve", STUDY.name)).toMatchObject({ status: 0 });
    }
    const data = await phantomSite({ images: 9 });
    const running = SITES.map((site) => cli(site, ENVIRONMENT[site](), "run", "--data", data, "--once"));
    const round = (number: number) =>
      until(`round ${number}`, async () => {
        const path = `/studies/${STUDY.name}`;
        const { completed } = await api<{ completed: number }>(coordinator.url, token, "GET", path);
        return completed >= number ? completed : undefined;
      });
    const made = guarded.tunnels.length;
    await round(1);
    guarded.refusing = 503;
    guarded.cut();
    open.cut();
    await until("a tunnel that is refused", () => guarded.refused.at(-1) === new URL(url).host || undefined);
    guarded.refusing = undefined;
    for (const ran of await Promise.all(running)) expect(ran).toMatchObject({ status: 0 });
    expect(guarded.tunnels.length).toBeGreaterThan(made);
    expect(new Set([...guarded.tunnels, ...open.tunnels])).toEqual(
      new Set([new URL(url).host, `other.example.test:${front.port}`]),
    );
  });

  it("and nobody but site.yaml holds the password", async () => {
    const holding: string[] = [];
    for (const site of SITES)
      for (const entry of await readdir(homeOf(site).folder, { withFileTypes: true, recursive: true })) {
        const file = join(entry.parentPath, entry.name);
        if (entry.isFile() && /p%40ss|p@ss/.test(await readFile(file, "latin1"))) holding.push(file);
      }
    expect(holding).toEqual([homeOf("bb").site]);
  });
});

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import type { Identity } from "@fedbaps/core/secagg/keys.js";
import { PROTOCOL_VERSION } from "@fedbaps/core/wire/primitives.js";
import { adviceOn } from "@fedbaps/site-agent/advice.js";
import { Connection, type ConnectionComponents } from "@fedbaps/site-agent/connection.js";
import type { NetworkChange } from "@fedbaps/site-agent/network-watch.js";
import { chooseProxy } from "@fedbaps/site-agent/proxy-choice.js";
import { askIdentity } from "@fedbaps/site-agent/shown-identity.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Server } from "socket.io";
import { enrol, start, until } from "../integration/coordinator-support.js";
import { ConnectProxy } from "../support/connect-proxy.js";
import { FaultProxy } from "../support/fault-proxy.js";
import { selfSigned } from "../support/self-signed.js";
import { TlsFront } from "../support/tls-front.js";
import { random } from "../unit/site-agent/make-runner.js";

let coordinator: Coordinator;
let identity: Identity;
let port: number;
let publicKey: string;
const open: Connection[] = [];

beforeAll(async () => {
  coordinator = await start();
  port = Number(new URL(coordinator.url).port);
  identity = await enrol(coordinator.url, coordinator.newAdminToken!, "a-site");
  const { signal } = new AbortController();
  ({ publicKey } = await askIdentity({ url: coordinator.url, signal }, random));
});
afterEach(() => {
  for (const connection of open.splice(0)) connection.stop();
});
afterAll(() => coordinator.close());

/** A site's connection, the states it went through, and the way to tell it of the machine's network. */
function connectTo(url: string, more: Partial<ConnectionComponents> = {}) {
  const states: string[] = [];
  let change: (what: NetworkChange) => void = () => {};
  const connection = new Connection(
    {
      identity,
      membership: { url, publicKey },
      clock: systemClock,
      random,
      logger: silentLogger,
      watch: (_, changed) => {
        change = changed;
        return () => {};
      },
      ...more,
    },
    {
      studies: () => {},
      roster: () => {},
      instruction: () => {},
      state: (state, code) => void states.push(code ?? state),
    },
  );
  open.push(connection);
  connection.start();
  const admissions = () => states.filter((state) => state === "admitted").length;
  return { connection, states, change: (what: NetworkChange) => change(what), admissions };
}

const count = (what: () => number, wanted: number, ms?: number) =>
  until(`${wanted}`, () => (what() >= wanted ? true : undefined), ms);

describe("a link that died without a word", () => {
  it.each<NetworkChange>(["woke", "address-gone"])(
    "is not waited out after %s; what waited on it arrives",
    async (what) => {
      const network = await FaultProxy.start(port);
      const site = connectTo(network.url);
      await count(site.admissions, 1);
      network.swallow("toServer", "toClient");
      const arrived = new Promise((resolve) => site.connection.send("approvals", "approvals", { hashes: [] }, resolve));
      const before = Date.now();
      site.change(what);
      await count(site.admissions, 2, 10_000);
      expect(await arrived).toEqual({ ok: true });
      // By itself the link would be missed after 45 seconds.
      expect(Date.now() - before).toBeLessThan(10_000);
      site.connection.stop();
      await network.close();
    },
  );

  it("a new address leaves a good link alone", async () => {
    const network = await FaultProxy.start(port);
    const site = connectTo(network.url);
    await count(site.admissions, 1);
    site.change("address-new");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect([site.admissions(), network.made]).toEqual([1, 1]);
    site.connection.stop();
    await network.close();
  });
});

it("a pause from before the network came back is not waited out", async () => {
  const network = await FaultProxy.start(port);
  network.refuse();
  let slower = 10_000;
  const clock = { now: Date.now, after: (ms: number, act: () => void) => systemClock.after(ms * slower, act) };
  const site = connectTo(network.url, { clock });
  await until("a failure", () => site.states.includes("COORDINATOR_UNREACHABLE") || undefined);
  network.refuse(false);
  slower = 1;
  site.change("address-new");
  await count(site.admissions, 1, 10_000);
  site.connection.stop();
  await network.close();
});

describe("a site tries again for ever, and says why it is not connected", () => {
  const quick: Partial<ConnectionComponents> = {
    clock: { now: Date.now, after: (ms, act) => systemClock.after(Math.min(ms, 50), act) },
  };
  const failures = (site: { states: string[] }, code: string) => () =>
    site.states.filter((state) => state === code).length;

  it("a name that nobody knows", async () => {
    const site = connectTo("http://coordinator.invalid", quick);
    await count(failures(site, "DNS_FAILED"), 3);
  });

  it("a certificate of an unknown authority", async () => {
    const front = await TlsFront.start(selfSigned(new Date()), port);
    const site = connectTo(`https://127.0.0.1:${front.port}`, quick);
    await count(failures(site, "TLS_UNTRUSTED"), 3);
    site.connection.stop();
    await front.close();
  });

  it("a certificate that has expired; then the authority's new one is taken", async () => {
    const week = 7 * 86_400_000;
    const old = selfSigned(new Date(Date.now() - week));
    const renewed = selfSigned(new Date());
    const front = await TlsFront.start(old, port);
    const late = connectTo(`https://127.0.0.1:${front.port}`, { ...quick, route: { ca: [old.cert, renewed.cert] } });
    await count(failures(late, "TLS_EXPIRED"), 3);
    front.renew(renewed);
    await count(late.admissions, 1);
    late.connection.stop();
    await front.close();
  });

  it("a proxy that wants a password, one that refuses, and one that is gone; then it lets the site through", async () => {
    const proxy = await ConnectProxy.start({ "fed.example.test": port }, "secret");
    const url = `http://fed.example.test:${port}`;
    const by = (address: string) => ({ ...quick, route: { proxy: chooseProxy(new URL(url), {}, address)! } });
    const locked = connectTo(url, by(proxy.url));
    await count(failures(locked, "PROXY_AUTH"), 3);
    const gone = connectTo(url, by("http://127.0.0.1:1"));
    await count(failures(gone, "PROXY_UNREACHABLE"), 3);
    proxy.refusing = 403;
    const site = connectTo(url, by(proxy.url.replace("//", "//ward:secret@")));
    await count(failures(site, "PROXY_REFUSED"), 3);
    expect(site.admissions()).toBe(0);
    proxy.refusing = undefined;
    await count(site.admissions, 1);
    for (const { connection } of [locked, gone, site]) connection.stop();
    await proxy.close();
  });

  it.each([
    [PROTOCOL_VERSION + 1, /update this program/],
    [PROTOCOL_VERSION - 1, /ask the study lead to update the coordinator/],
  ])("a coordinator of protocol version %i", async (protocol, words) => {
    const server = createServer();
    const io = new Server(server, { transports: ["websocket"] });
    const signatures: unknown[] = [];
    io.on("connection", (socket) => {
      socket.on("auth", (message) => signatures.push(message));
      socket.emit("challenge", { protocol, coordinator: publicKey, nonce: "something of that version" });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const site = connectTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, quick);
    const code = `COORDINATOR_SPEAKS_${protocol}`;
    await count(failures(site, code), 3);
    expect(adviceOn(code)).toMatch(words);
    for (const version of [protocol, PROTOCOL_VERSION]) expect(adviceOn(code)).toContain(`version ${version}`);
    expect(signatures).toEqual([]);
    site.connection.stop();
    await io.close();
  });
});

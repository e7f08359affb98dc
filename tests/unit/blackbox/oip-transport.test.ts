import { createServer as createTls } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { inspect } from "node:util";
import { OipClient, type OipClientInit } from "@fedbaps/core/blackbox/oip/client.js";
import type { OipGraph, OipGraphInit } from "@fedbaps/core/blackbox/oip/graph.js";
import type { Tensor, Tensors } from "@fedbaps/core/blackbox/tensor.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import {
  type Behaviour,
  type Endpoint,
  type Fault,
  type InferenceServer,
  startInferenceServer,
} from "../../support/inference-server.js";
import type { ServedAnswer } from "../../support/inference-wire.js";
import { sameBits } from "../../support/numbers.js";
import { selfSigned } from "../../support/self-signed.js";
import { BUNDLED_FILE, bundledFeeds, openServed, until } from "../../support/served-model.js";
import { HurriedClock, SteppedClock } from "../../support/waiting-clocks.js";

const feeds: Tensors = bundledFeeds(1);
let server: InferenceServer;
let standard: Behaviour;
let right: Tensor;
beforeAll(async () => {
  server = await startInferenceServer({ models: { seg: BUNDLED_FILE } });
  standard = { ...server.behaviour };
  const graph = await openServed(server.modelUrl("seg"));
  right = (await graph.run(feeds, ["masks"])).masks;
  await graph.close();
});
afterAll(() => server.close());

const opened: OipGraph[] = [];
beforeEach(() => {
  Object.assign(server.behaviour, standard, { faults: [], metadata: {} });
});
afterEach(async () => {
  for (const graph of opened.splice(0)) await graph.close();
});

/** Opened with a limit on time that a hurried clock leaves alone. */
async function open(init: Partial<OipGraphInit> = {}): Promise<OipGraph> {
  const settings = { timeout: "3600", ...init.settings };
  const graph = await openServed(server.modelUrl("seg"), { ...init, settings });
  opened.push(graph);
  return graph;
}

/** What one call comes to, and how often the server was asked and worked for it. */
async function outcome(graph: OipGraph, faults: readonly (Fault & { at?: Endpoint })[], signal?: AbortSignal) {
  const { at, worked } = server.counts;
  const before = { asked: at.infer, worked };
  server.behaviour.faults = [...faults];
  let answer: Tensors | undefined;
  const error = await thrownBy(async () => {
    answer = await graph.run(feeds, ["masks"], signal);
  });
  return { answer, error, asked: at.infer - before.asked, worked: server.counts.worked - before.worked };
}

const status = (code: number, more: { retryAfter?: string; body?: string } = {}): Fault => ({
  kind: "status",
  status: code,
  ...more,
});
const drop = (when: "unread" | "worked" | "halfway"): Fault => ({ kind: "drop", when });

describe("a failure that may pass", () => {
  it.each<[string, Fault, number]>([
    ["429", status(429), 1],
    ["502", status(502), 1],
    ["503", status(503), 1],
    ["504", status(504), 1],
    ["a connection that ends before the request is read", drop("unread"), 1],
    ["a connection that ends after the work", drop("worked"), 2],
    ["an answer that breaks off", drop("halfway"), 2],
  ])("%s: is asked again, to the same bits", async (_, fault, worked) => {
    const clock = new HurriedClock();
    const graph = await open({ clock });
    const result = await outcome(graph, [fault]);
    expect(result).toMatchObject({ error: undefined, asked: 2, worked });
    expect(sameBits((result.answer as Tensors).masks.data, right.data)).toBe(true);
    expect(clock.waits).toEqual([187.5]);
  });

  it("that does not pass ends after as many attempts as are set, with the last cause", async () => {
    const clock = new HurriedClock();
    const graph = await open({ clock, settings: { retries: "3" } });
    const faults = [status(503), drop("unread"), drop("halfway"), status(429, { body: '{"error":"queue is full"}' })];
    const { error, asked } = await outcome(graph, faults);
    expect(error).toMatchObject({ code: "BLACKBOX_UNREACHABLE", fields: { attempts: 4 } });
    for (const part of ["/v2/models/seg/infer", "4 attempts", "HTTP 429", "queue is full"])
      expect((error as Error).message).toContain(part);
    expect(asked).toBe(4);
    expect(clock.waits).toEqual([187.5, 375, 750]);
  });

  it("is not asked again where no retries are set", async () => {
    const clock = new HurriedClock();
    const { error, asked } = await outcome(await open({ clock, settings: { retries: "0" } }), [status(503)]);
    expect(error).toMatchObject({ code: "BLACKBOX_UNREACHABLE", fields: { attempts: 1 } });
    expect([asked, clock.waits]).toEqual([1, []]);
  });

  it("is asked again when the server said", async () => {
    const clock = new HurriedClock(Date.parse("2030-01-01T00:00:00Z"));
    const graph = await open({ clock });
    const faults = [
      status(429, { retryAfter: "7" }),
      status(503, { retryAfter: "Tue, 01 Jan 2030 00:01:00 GMT" }),
      status(429, { retryAfter: "nonsense" }),
    ];
    expect(await outcome(graph, faults)).toMatchObject({ error: undefined, asked: 4, worked: 1 });
    expect(clock.waits).toEqual([7000, 53_000, 750]);
  });

  it("for longer than five minutes is the end at once", async () => {
    const clock = new HurriedClock();
    const { error, asked } = await outcome(await open({ clock }), [status(429, { retryAfter: "301" })]);
    expect(error).toMatchObject({ code: "BLACKBOX_UNREACHABLE", message: expect.stringContaining("301 s") });
    expect([asked, clock.waits]).toEqual([1, []]);
  });

  it("at opening is treated in the same way", async () => {
    const clock = new HurriedClock();
    server.behaviour.faults = [
      { ...drop("unread"), at: "serverReady" },
      { ...status(503), at: "model" },
      { ...drop("unread"), at: "modelReady" },
      { ...status(502), at: "server" },
      { ...status(429, { retryAfter: "2" }), at: "config" },
    ];
    const graph = await open({ clock });
    expect(clock.waits).toEqual([187.5, 187.5, 187.5, 2000]);
    expect(graph.notes).toContainEqual(expect.stringContaining("did not say that it is ready"));
  });
});

describe("a failure that does not pass", () => {
  it.each<[number, string, string]>([
    [400, "BLACKBOX_REFUSED", "told to answer 400"],
    [401, "BLACKBOX_REFUSED", "token"],
    [403, "BLACKBOX_REFUSED", "token"],
    [404, "BLACKBOX_REFUSED", "/v2/models/seg"],
    [413, "BLACKBOX_REFUSED", "batch"],
    [418, "BLACKBOX_REFUSED", "HTTP 418"],
    [500, "BLACKBOX_FAILED", "told to answer 500"],
    [501, "BLACKBOX_FAILED", "HTTP 501"],
    [507, "BLACKBOX_FAILED", "HTTP 507"],
    [202, "BLACKBOX_CONTRACT", "HTTP 202"],
  ])("HTTP %i is not asked again: %s", async (code, expected, part) => {
    const clock = new HurriedClock();
    const { error, asked } = await outcome(await open({ clock }), [status(code), status(code)]);
    expect(error).toMatchObject({ code: expected, message: expect.stringContaining(part), fields: { status: code } });
    expect([asked, clock.waits]).toEqual([1, []]);
  });

  it("shows the server's words as one short line", async () => {
    const graph = await open();
    const words = "\u001b[31mout of\r\nmemory\u0000\u202e ".repeat(30);
    for (const body of [JSON.stringify({ error: words }), words, JSON.stringify({ detail: words })]) {
      const { error } = await outcome(graph, [status(500, { body })]);
      const { message } = error as Error;
      expect(message).toContain('"[31mout of memory [31mout');
      expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(message.length).toBeLessThan(400);
    }
    for (const body of ["", '{"error":{"code":7}}', '{"error', "x".repeat(300_000)])
      expect((await outcome(graph, [status(500, { body })])).error).toMatchObject({ code: "BLACKBOX_FAILED" });
    expect((await outcome(graph, [])).error).toBeUndefined();
  });

  it("a redirect is refused and not followed, for images and for questions", async () => {
    const target = await startInferenceServer({ models: { seg: BUNDLED_FILE } });
    const to = `${target.url}/v2/models/seg/infer?signature=hidden`;
    const graph = await open();
    const { error, asked } = await outcome(graph, [{ kind: "redirect", to }]);
    expect(error).toMatchObject({ code: "BLACKBOX_REFUSED", message: expect.stringMatching(/307.*redirect/) });
    expect((error as Error).message).toContain(`${target.url}/v2/models/seg/infer`);
    expect((error as Error).message).not.toContain("hidden");
    expect(asked).toBe(1);
    for (const at of ["model", "modelReady", "server", "config"] as const) {
      server.behaviour.faults = [{ kind: "redirect", to, at }];
      expect(await codeOf(() => open())).toBe("BLACKBOX_REFUSED");
    }
    expect([target.counts.connections, target.counts.requests]).toEqual([0, 0]);
    await target.close();
  });
});

describe("an answer that breaks the protocol", () => {
  const edit = (change: (json: string) => string): Fault => ({
    kind: "malformed",
    rewrite: ({ headers, body }) => {
      const length = Number(headers["inference-header-content-length"] ?? body.length);
      const json = Buffer.from(change(body.subarray(0, length).toString()));
      const more = "inference-header-content-length" in headers;
      return {
        headers: more ? { ...headers, "inference-header-content-length": String(json.length) } : headers,
        body: Buffer.concat([json, body.subarray(length)]),
      };
    },
  });
  const rewrite = (change: (answer: ServedAnswer) => Partial<ServedAnswer>): Fault => ({
    kind: "malformed",
    rewrite: (answer) => ({ ...answer, ...change(answer) }),
  });

  it.each<[string, Fault]>([
    ["another type", edit((json) => json.replace("FP32", "INT32"))],
    ["another name", edit((json) => json.replace("masks", "mask"))],
    ["another shape", edit((json) => json.replace("[1,1,128,128]", "[1,1,128,129]"))],
    ["a huge shape", edit((json) => json.replace("[1,1,128,128]", "[1,1,1e9,1e9]"))],
    ["no JSON", rewrite(() => ({ body: Buffer.from("<html>ok</html>"), headers: {} }))],
    ["nothing at all", rewrite(() => ({ body: Buffer.alloc(0), headers: {} }))],
    ["fewer elements", rewrite(({ body }) => ({ body: body.subarray(0, body.length - 8) }))],
    ["more bytes", rewrite(({ body }) => ({ body: Buffer.concat([body, Buffer.alloc(4, 49)]) }))],
    ["a header beyond its end", rewrite(() => ({ headers: { "inference-header-content-length": "9999999999" } }))],
    ["a header that is no number", rewrite(() => ({ headers: { "inference-header-content-length": "all" } }))],
  ])("by %s is refused and not asked for again", async (_, fault) => {
    for (const encoding of ["binary", "json"]) {
      const clock = new HurriedClock();
      const { error, asked } = await outcome(await open({ clock, settings: { encoding } }), [fault]);
      expect(error).toMatchObject({
        code: "BLACKBOX_CONTRACT",
        message: expect.stringContaining("/v2/models/seg/infer"),
      });
      expect([asked, clock.waits]).toEqual([1, []]);
    }
  });

  it("at opening is refused too", async () => {
    for (const at of ["model", "server", "config"] as const)
      for (const body of ["", "[]", "null", "{", '{"extensions":[1],"max_batch_size":-1}']) {
        server.behaviour.faults = [{ ...status(200, { body }), at }];
        expect(await codeOf(() => open())).toBe("BLACKBOX_CONTRACT");
      }
  });
});

/** A promise and what fulfils it. */
function gate(): { closed: Promise<void>; open: () => void } {
  let open = () => {};
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { closed, open };
}

describe("time", () => {
  it.each<[string, readonly Fault[]]>([
    ["no answer", []],
    ["an answer that does not go on", [{ kind: "stall" }]],
  ])("over the limit for %s is the end, and not asked again", async (_, faults) => {
    const clock = new SteppedClock();
    const graph = await open({ clock, settings: { timeout: "7" } });
    const held = gate();
    if (faults.length === 0) server.behaviour.gate = held.closed;
    const { now, worked, abandoned } = server.counts;
    const result = outcome(graph, faults);
    await until(() => (faults.length === 0 ? server.counts.now > now : server.counts.worked > worked));
    expect(clock.pending).toEqual([7000]);
    clock.advance(7000);
    const { error, asked } = await result;
    expect(error).toMatchObject({ code: "BLACKBOX_TIMEOUT", message: expect.stringMatching(/7 s.*timeout/) });
    expect([asked, clock.pending]).toEqual([1, []]);
    await until(() => server.counts.abandoned > abandoned);
    held.open();
  });

  it("is not counted while a call waits for its turn", async () => {
    const clock = new SteppedClock();
    const graph = await open({ clock, settings: { timeout: "7", concurrency: "1" } });
    const held = gate();
    server.behaviour.gate = held.closed;
    const { now } = server.counts;
    const first = graph.run(feeds, ["masks"]);
    const second = graph.run(feeds, ["masks"]);
    await until(() => server.counts.now > now);
    clock.advance(6999);
    held.open();
    await first;
    await second;
    expect(clock.pending).toEqual([]);
  });
});

describe("an abort", () => {
  const reason = new Error("the user left");

  it.each<[string, readonly Fault[]]>([
    ["while the server works", []],
    ["in mid-answer", [{ kind: "stall" }]],
  ])("%s ends the request there and then, with its reason", async (_, faults) => {
    const controller = new AbortController();
    const clock = new SteppedClock();
    const graph = await open({ clock });
    const held = gate();
    if (faults.length === 0) server.behaviour.gate = held.closed;
    const { now, worked, abandoned } = server.counts;
    const result = outcome(graph, faults, controller.signal);
    await until(() => (faults.length === 0 ? server.counts.now > now : server.counts.worked > worked));
    controller.abort(reason);
    expect(await result).toMatchObject({ error: reason, asked: 1 });
    expect(clock.pending).toEqual([]);
    await until(() => server.counts.abandoned > abandoned);
    held.open();
    server.behaviour.gate = Promise.resolve();
    expect((await outcome(graph, [])).error).toBeUndefined();
  });

  it("during the wait before the next attempt ends the wait", async () => {
    const controller = new AbortController();
    const clock = new SteppedClock();
    const graph = await open({ clock });
    const result = outcome(graph, [status(503)], controller.signal);
    await until(() => clock.pending.some((milliseconds) => milliseconds <= 250));
    controller.abort(reason);
    expect(await result).toMatchObject({ error: reason, asked: 1 });
    expect(clock.pending).toEqual([]);
  });

  it("while a call waits for its turn, or before it, sends nothing", async () => {
    const controller = new AbortController();
    const graph = await open({ settings: { concurrency: "1" } });
    const held = gate();
    server.behaviour.gate = held.closed;
    const { now, at } = server.counts;
    const first = graph.run(feeds, ["masks"]);
    await until(() => server.counts.now > now);
    const { infer } = at;
    const second = thrownBy(() => graph.run(feeds, ["masks"], controller.signal));
    controller.abort(reason);
    expect(await second).toBe(reason);
    expect(await thrownBy(() => graph.run(feeds, ["masks"], controller.signal))).toBe(reason);
    held.open();
    await first;
    expect(at.infer).toBe(infer);
  });

  it("at opening ends that", async () => {
    const controller = new AbortController();
    const clock = new SteppedClock();
    server.behaviour.faults = new Array(3).fill({ ...status(503), at: "model" });
    const result = thrownBy(() => open({ clock, signal: controller.signal }));
    await until(() => clock.pending.some((milliseconds) => milliseconds <= 250));
    controller.abort(reason);
    expect(await result).toBe(reason);
  });
});

it.each([1, 3])("at most %i requests are under way at once, on as many connections", async (concurrency) => {
  const { connections } = server.counts;
  const graph = await open({ settings: { concurrency: String(concurrency) } });
  expect(graph.concurrency).toBe(concurrency);
  const held = gate();
  server.behaviour.gate = held.closed;
  const { counts } = server;
  await until(() => counts.now === 0);
  counts.most = 0;
  const { infer } = counts.at;
  const running = Array.from({ length: 9 }, () => graph.run(feeds, ["masks"]));
  await until(() => counts.now === concurrency);
  // Time enough for one too many to arrive.
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(counts.at.infer - infer).toBe(concurrency);
  held.open();
  for (const { masks } of await Promise.all(running)) expect(sameBits(masks.data, right.data)).toBe(true);
  expect([counts.most, counts.at.infer - infer]).toEqual([concurrency, 9]);
  expect(counts.connections - connections).toBe(concurrency);
});

/** A server of bytes: answers every request with the same and ends the connection. */
async function rawServer(answer: string): Promise<{ url: string; requests: () => number; close: () => Promise<void> }> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const raw: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      requests++;
      socket.end(answer);
    });
  });
  await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(raw.address() as AddressInfo).port}`,
    requests: () => requests,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => raw.close(() => resolve()));
    },
  };
}

function client(origin: string, init: Partial<OipClientInit> = {}): OipClient {
  const clock = new HurriedClock();
  return new OipClient({ origin, concurrency: 1, timeout: 3600, retries: 2, clock, random: () => 0, ...init });
}

describe("HTTP", () => {
  it.each([
    [
      "a body that ends before its length",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab",
      3,
      "BLACKBOX_UNREACHABLE",
    ],
    [
      "a body that ends before its length on a last connection",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nab",
      3,
      "BLACKBOX_UNREACHABLE",
    ],
    [
      "a chunk that ends before its length",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
      3,
      "BLACKBOX_UNREACHABLE",
    ],
    ["headers that end before their end", "HTTP/1.1 200 OK\r\nContent-Le", 3, "BLACKBOX_UNREACHABLE"],
    ["no size of a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab", 1, "BLACKBOX_CONTRACT"],
    ["no answer", "", 3, "BLACKBOX_UNREACHABLE"],
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n", 1, "BLACKBOX_CONTRACT"],
    ["headers without end", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(40_000)}\r\n\r\n`, 1, "BLACKBOX_CONTRACT"],
    ["a refusal that breaks off", "HTTP/1.1 400 No\r\nContent-Length: 99\r\n\r\n{", 1, "BLACKBOX_REFUSED"],
  ])("with %s", async (_, answer, requests, code) => {
    const raw = await rawServer(answer);
    const http = client(raw.url);
    expect(await codeOf(() => http.call({ method: "GET", path: "/v2" }))).toBe(code);
    expect(raw.requests()).toBe(requests);
    await http.close();
    await raw.close();
  });

  it("without a server ends after the attempts that are set", async () => {
    const raw = await rawServer("");
    await raw.close();
    const clock = new HurriedClock();
    const url = `${raw.url}/v2/models/seg`;
    const error = await thrownBy(() => openServed(url, { clock, settings: { timeout: "3600" } }));
    expect(error).toMatchObject({ code: "BLACKBOX_UNREACHABLE", fields: { attempts: 6 } });
    for (const part of [url, "6 attempts", "ECONNREFUSED"]) expect((error as Error).message).toContain(part);
    expect(clock.waits).toEqual([187.5, 375, 750, 1500, 3000]);
  });

  it("with an answer above the largest size ends there", async () => {
    const http = client(server.url, { largestAnswer: 100 });
    const { requests } = server.counts;
    const call = { method: "GET", path: "/v2/models/seg" } as const;
    expect(await codeOf(() => http.call(call))).toBe("BLACKBOX_CONTRACT");
    expect(server.counts.requests - requests).toBe(1);
    await http.close();
  });

  it("on real time waits and comes back", async () => {
    const http = client(server.url, { clock: systemClock });
    server.behaviour.faults = [{ ...drop("unread"), at: "live" }];
    expect((await http.call({ method: "GET", path: "/v2/health/live" })).status).toBe(200);
    await http.close();
  });
});

describe("https", () => {
  it("with a certificate that nobody trusts sends nothing, is not tried again, and says what to do", async () => {
    const tls = await startInferenceServer({
      models: { seg: BUNDLED_FILE },
      create: (app) => createTls(selfSigned(new Date()), app),
    });
    expect(tls.url).toMatch(/^https:/);
    const clock = new HurriedClock();
    const settings = { timeout: "3600" };
    const env = { FEDBAPS_BLACKBOX_TOKEN: "tok.secret", NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    const error = await thrownBy(() => openServed(tls.modelUrl("seg"), { clock, settings, env }));
    expect(error).toMatchObject({
      code: "BLACKBOX_REFUSED",
      message: expect.stringMatching(/certificate.*DEPTH_ZERO_SELF_SIGNED_CERT.*NODE_EXTRA_CA_CERTS/),
    });
    expect(inspect(error)).not.toContain("tok.secret");
    expect([tls.counts.requests, clock.waits]).toEqual([0, []]);
    await tls.close();
  });

  it("to a server of plain http is no connection, and not tried again", async () => {
    const clock = new HurriedClock();
    const url = server.modelUrl("seg").replace("http:", "https:");
    const error = await thrownBy(() => openServed(url, { clock, settings: { timeout: "3600" } }));
    expect(error).toMatchObject({
      code: "BLACKBOX_UNREACHABLE",
      message: expect.stringContaining("check the address"),
    });
    expect(clock.waits).toEqual([]);
  });
});

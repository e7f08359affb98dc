import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Server as SocketServer } from "socket.io";
import { io, type Socket } from "socket.io-client";
import { FaultProxy } from "../../support/fault-proxy.js";

// Between a Socket.IO client and server, as between an agent and the coordinator.

let http: Server;
let sockets: SocketServer;
let proxy: FaultProxy;
let client: Socket;
let heard: unknown[];
let events: string[];

beforeEach(async () => {
  http = createServer((_request, response) => response.end("plain"));
  sockets = new SocketServer(http, { transports: ["websocket"], pingInterval: 150, pingTimeout: 100 });
  heard = [];
  events = [];
  sockets.on("connection", (socket) => {
    socket.on("say", (message: unknown, acknowledge: (answer: string) => void) => {
      heard.push(message);
      acknowledge("taken");
    });
    socket.on("disconnect", (reason) => events.push(`server: ${reason}`));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  proxy = await FaultProxy.start(typeof address === "object" && address ? address.port : 0);
  client = io(proxy.url, { transports: ["websocket"], reconnection: false, forceNew: true, autoConnect: false });
  client.on("disconnect", (reason) => events.push(`client: ${reason}`));
  client.on("connect_error", () => events.push("client: refused"));
  await connected();
});

afterEach(async () => {
  client.disconnect();
  await proxy.close();
  await sockets.close();
});

async function connected(): Promise<void> {
  client.connect();
  await until(() => client.connected);
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await sleep(10);
  expect(condition()).toBe(true);
}

const say = (message: unknown) =>
  client
    .timeout(5000)
    .emitWithAck("say", message)
    .catch(() => "lost");

describe("a network between two programs", () => {
  it("passes requests, messages and attachments on, in order, also slowly", async () => {
    expect(await (await fetch(proxy.url)).text()).toBe("plain");
    proxy.slow({ delay: 20, rate: 100_000 });
    const bytes = Buffer.alloc(3000, 7);
    expect(await Promise.all([say("one"), say({ bytes }), say("two")])).toEqual(["taken", "taken", "taken"]);
    expect(heard).toEqual(["one", { bytes }, "two"]);
  });

  it("is cut, by reset or by end, refuses for a while, and comes back", async () => {
    for (const by of ["reset", "end"] as const) {
      proxy.cut(by);
      await until(() => !client.connected);
      await connected();
    }
    proxy.refuse();
    proxy.cut();
    await until(() => !client.connected);
    client.connect();
    await until(() => events.includes("client: refused"));
    proxy.refuse(false);
    await connected();
    expect(await say("again")).toBe("taken");
    expect(proxy.made).toBe(4);
  });

  it.each([
    { lost: ["toServer", "toClient"] as const },
    { lost: ["toServer"] as const },
    { lost: ["toClient"] as const },
  ])("is half-open: $lost is swallowed, and both sides find out by themselves alone", async ({ lost }) => {
    proxy.swallow(...lost);
    expect(await say("into the void")).toBe("lost");
    await until(() => events.some((event) => event.startsWith("client:")));
    await until(() => events.some((event) => event.startsWith("server:")));
    expect(heard).toEqual(lost.some((direction) => direction === "toServer") ? [] : ["into the void"]);
    expect(events).toContain(
      lost.length === 1 && lost[0] === "toServer" ? "server: ping timeout" : "client: ping timeout",
    );
    await connected();
    expect(await say("again")).toBe("taken");
  });

  it("is cut in the middle of a message", async () => {
    const cut = proxy.links[0].cutAfter("toServer", 1000);
    const answer = say("x".repeat(2000));
    await cut;
    expect(await answer).toBe("lost");
    expect(heard).toEqual([]);
  });
});

describe("a rule about messages", () => {
  const rule = { direction: "toServer", holds: ['"say"', "secret"] } as const;

  it("cuts before the message", async () => {
    const done = proxy.once({ ...rule, act: "cut-before" });
    expect(await say("harmless")).toBe("taken");
    expect(await say("secret")).toBe("lost");
    await done;
    expect(heard).toEqual(["harmless"]);
  });

  it("cuts after the message, which arrives", async () => {
    const done = proxy.once({ ...rule, act: "cut-after" });
    void say("secret");
    await done;
    await until(() => heard.length === 1);
    await until(() => !client.connected);
  });

  it("loses the acknowledgement alone, of messages with attachments too", async () => {
    for (const more of [{}, { bytes: Buffer.alloc(10) }]) {
      const done = proxy.once({ ...rule, act: "lose-answer" });
      const [other, answer] = [say("other"), say({ secret: true, ...more })];
      expect([await other, await answer]).toEqual(["taken", "lost"]);
      await done;
      await connected();
      expect(await say("after")).toBe("taken");
    }
    const once = ["other", { secret: true }, "after"];
    expect(heard).toEqual([...once, "other", { secret: true, bytes: Buffer.alloc(10) }, "after"]);
  });

  it("makes the link half-open", async () => {
    const done = proxy.once({ ...rule, act: "swallow" });
    expect(await say("secret")).toBe("lost");
    await done;
    expect(proxy.outstanding).toBe(0);
    expect(heard).toEqual([]);
  });
});

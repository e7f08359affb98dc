import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { createIdentity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { Connection } from "@fedbaps/site-agent/connection.js";
import { expect, it } from "@jest/globals";
import { Server } from "socket.io";
import { until } from "./coordinator-support.js";

it("an agent that is let in but never asked who it is leaves, and comes again", async () => {
  const server = createServer();
  const io = new Server(server, { transports: ["websocket"] });
  let links = 0;
  io.on("connection", () => void links++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const random = (count: number) => new Uint8Array(randomBytes(count));
  const identity = createIdentity("a-site", random);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = {
    now: Date.now,
    after: (milliseconds: number, callback: () => void) => {
      const timer = setTimeout(callback, milliseconds / 100);
      return () => clearTimeout(timer);
    },
  };
  const membership = { url, publicKey: memberOf(identity).signKey };
  const handlers = { studies: () => {}, roster: () => {}, instruction: () => {}, state: () => {} };
  const connection = new Connection({ identity, membership, clock, random, logger: silentLogger }, handlers);
  connection.start();
  try {
    await until("a third link", () => (links >= 3 ? true : undefined));
    expect(links).toBeGreaterThanOrEqual(3);
  } finally {
    connection.stop();
    await io.close();
  }
});

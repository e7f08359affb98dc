import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type EventsComponents, eventRoutes } from "@fedbaps/coordinator/http/events.js";
import { problemHandler } from "@fedbaps/coordinator/http/problem.js";
import { LiveFeed } from "@fedbaps/coordinator/live-feed.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { expect, it } from "@jest/globals";
import express from "express";
import { SteppedClock } from "../../support/waiting-clocks.js";

it("as many listen to events as the coordinator can serve, and a place is free again when one leaves", async () => {
  const open: number[] = [];
  const clock = new SteppedClock();
  const [route] = eventRoutes({
    feed: new LiveFeed(),
    clock,
    metrics: { streams: (count: number) => void open.push(count) },
    maxStreams: 1,
  } as unknown as EventsComponents);
  const app = express()
    .get("/events", (request, response) => route.serve(request, response))
    .use(problemHandler(silentLogger));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  const first = await fetch(url);
  const second = await fetch(url);
  expect([first.status, second.status, second.headers.get("retry-after")]).toEqual([200, 503, "2"]);
  await first.body?.cancel();
  while (open.at(-1) !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(clock.pending).toEqual([]);
  expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
  expect((await fetch(url)).status).toBe(200);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

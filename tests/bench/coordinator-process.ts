import { randomBytes } from "node:crypto";
import { type Coordinator, startCoordinator } from "@fedbaps/coordinator/dist/app.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { serve } from "./coordinator-calls.js";
import { lengthenBaps } from "./coordinator-decoder.js";
import { ProcessProbe } from "./coordinator-probe.js";

// A coordinator in a process of its own, wired as the command line wires it, with a probe beside it.
lengthenBaps();
const probe = new ProcessProbe();
let coordinator: Coordinator | undefined;

const service = {
  /** @param home a folder for its database and keys. */
  async start(home: string): Promise<{ url: string; token: string }> {
    coordinator = await startCoordinator({
      home,
      host: "127.0.0.1",
      port: 0,
      clock: systemClock,
      logger: silentLogger,
      random: (count) => new Uint8Array(randomBytes(count)),
    });
    return { url: coordinator.url, token: coordinator.newAdminToken ?? "" };
  },
  take: () => probe.take(),
  memory: () => probe.memory(),
  async stop(): Promise<void> {
    await coordinator?.close();
  },
};
export type CoordinatorService = typeof service;

serve(service);

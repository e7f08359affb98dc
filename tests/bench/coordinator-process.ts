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

/** More than a load process can ask: all its sites share one address. */
const NO_LIMITS = { requests: 1e9, failures: 1e9 };

export interface StartOptions {
  /** A folder for its keys and the embedded database. */
  readonly home: string;
  /** Of a PostgreSQL to be used instead. */
  readonly databaseUrl: string | undefined;
}

const service = {
  /** @returns its address and, the first time, an admin's token. */
  async start({ home, databaseUrl }: StartOptions): Promise<{ url: string; token: string | undefined }> {
    coordinator = await startCoordinator({
      home,
      databaseUrl,
      host: "127.0.0.1",
      port: 0,
      clock: systemClock,
      logger: silentLogger,
      random: (count) => new Uint8Array(randomBytes(count)),
      limits: NO_LIMITS,
    });
    return { url: coordinator.url, token: coordinator.newAdminToken };
  },
  take: () => probe.take(),
  memory: () => probe.memory(),
  async stop(): Promise<void> {
    await coordinator?.close();
  },
};
export type CoordinatorService = typeof service;

serve(service);

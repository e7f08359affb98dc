import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { VERSION } from "../config.js";
import { ProcessMetrics } from "./process-metrics.js";
import type { Telemetry } from "./telemetry.js";

/** What the HTTP side counts. */
export interface HttpTelemetry {
  requestEnded(method: string, route: string, status: number, seconds: number): void;
  streams(open: number): void;
}

export interface Metrics extends Telemetry, HttpTelemetry {
  readonly registry: Registry;
  readonly process: ProcessMetrics;
  /** Stops measuring. */
  close(): void;
}

/** A phase may wait for hours for sites that are away. */
const PHASE_SECONDS = [0.05, 0.2, 1, 5, 20, 60, 300, 1200, 3600, 14_400, 86_400];
const REQUEST_SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** The metrics of one coordinator process, in a registry of their own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const messages = new Counter({
    name: "fedbaps_site_messages_total",
    help: "Messages of admitted sites, by their kind and by what became of them",
    labelNames: ["event", "outcome"],
    registers,
  });
  const refusals = new Counter({
    name: "fedbaps_site_refusals_total",
    help: "Connections that were not admitted, by the code that they were told",
    labelNames: ["code"],
    registers,
  });
  const phases = new Histogram({
    name: "fedbaps_phase_seconds",
    help: "How long the rounds that this process drove stayed in a phase",
    labelNames: ["phase"],
    buckets: PHASE_SECONDS,
    registers,
  });
  const rounds = new Histogram({
    name: "fedbaps_round_seconds",
    help: "How long attempts at rounds took from their start to their end",
    labelNames: ["outcome"],
    buckets: PHASE_SECONDS,
    registers,
  });
  const ended = new Counter({
    name: "fedbaps_rounds_ended_total",
    help: "Attempts at rounds that ended at this process, by outcome and by the code of the abort (empty when completed)",
    labelNames: ["outcome", "code"],
    registers,
  });
  const leases = new Counter({
    name: "fedbaps_leases_taken_total",
    help: "Studies that this process began to drive, by whether they were free or their driver was gone",
    labelNames: ["from"],
    registers,
  });
  const requests = new Histogram({
    name: "fedbaps_http_request_seconds",
    help: "How long HTTP requests took, by method, pattern of the route and status; streams of events are not in it",
    labelNames: ["method", "route", "status"],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const streams = new Gauge({
    name: "fedbaps_event_streams",
    help: "Streams of events that are open at this process: dashboards that watch",
    registers,
  });
  const build = new Gauge({
    name: "fedbaps_build_info",
    help: "Always 1; the label says which version runs",
    labelNames: ["version"],
    registers,
  });
  build.set({ version: VERSION }, 1);
  const process = new ProcessMetrics(registry);
  return {
    registry,
    process,
    close: () => process.stop(),
    message: (event, outcome) => messages.inc({ event, outcome }),
    siteRefused: (code) => refusals.inc({ code }),
    phaseEnded: (phase, seconds) => phases.observe({ phase }, seconds),
    roundEnded(outcome, code, seconds) {
      rounds.observe({ outcome }, seconds);
      ended.inc({ outcome, code: code ?? "" });
    },
    leaseTaken: (from) => leases.inc({ from }),
    requestEnded: (method, route, status, seconds) =>
      requests.observe({ method, route, status: String(status) }, seconds),
    streams: (open) => streams.set(open),
  };
}

import { readFileSync } from "node:fs";
import { createMetrics } from "@fedbaps/coordinator/telemetry/metrics.js";
import { StateMetrics } from "@fedbaps/coordinator/telemetry/state-metrics.js";
import { afterAll, describe, expect, it } from "@jest/globals";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const metrics = createMetrics();
afterAll(() => metrics.close());
/** A database that is away. */
const away = () => {
  throw new Error("no database");
};
const state = new StateMetrics(metrics.registry, {
  db: { selectFrom: away },
  leases: { holders: away },
  replicas: { living: away, own: "r1" },
  connections: { count: 2, all: away },
  waiting: away,
} as unknown as ConstructorParameters<typeof StateMetrics>[1]);

describe("the coordinator's metrics", () => {
  it("are each explained in the documentation, and shown on the dashboard", () => {
    const names = metrics.registry.getMetricsAsArray().map(({ name }) => name);
    expect(names.length).toBeGreaterThan(20);
    const [documentation, dashboard] = [read("docs/metrics.md"), read("infra/grafana/coordinator.json")];
    for (const name of names) {
      expect(documentation).toMatch(new RegExp(`^\\| \`${name}[\`{]`, "m"));
      expect(dashboard).toMatch(new RegExp(`\\b${name}(_bucket|_count)?\\{`));
    }
    for (const text of [documentation, dashboard])
      for (const [name] of text.matchAll(/\bfedbaps_[a-z_]+/g))
        expect(names).toContain(name.replace(/_(bucket|count|sum)$/, ""));
    expect(() => JSON.parse(dashboard)).not.toThrow();
    for (const { help } of metrics.registry.getMetricsAsArray()) expect(help.length).toBeGreaterThan(15);
  });

  it("count what the coordinator tells them", async () => {
    metrics.message("reply", "accepted");
    metrics.message("reply", "accepted");
    metrics.siteRefused("SITE_REVOKED");
    metrics.phaseEnded("training", 12);
    metrics.roundEnded("aborted", "TOO_FEW_SITES", 30);
    metrics.leaseTaken("expired");
    metrics.requestEnded("GET", "/api/v1/studies", 200, 0.01);
    metrics.streams(3);
    metrics.process.refresh();
    const text = await metrics.registry.metrics();
    for (const line of [
      'fedbaps_site_messages_total{event="reply",outcome="accepted"} 2',
      'fedbaps_site_refusals_total{code="SITE_REVOKED"} 1',
      'fedbaps_phase_seconds_bucket{le="20",phase="training"} 1',
      'fedbaps_phase_seconds_bucket{le="5",phase="training"} 0',
      'fedbaps_round_seconds_sum{outcome="aborted"} 30',
      'fedbaps_rounds_ended_total{outcome="aborted",code="TOO_FEW_SITES"} 1',
      'fedbaps_leases_taken_total{from="expired"} 1',
      'fedbaps_http_request_seconds_count{method="GET",route="/api/v1/studies",status="200"} 1',
      "fedbaps_event_streams 3",
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).toMatch(/^fedbaps_process_resident_memory_bytes [1-9]/m);
    expect(text).toMatch(/^fedbaps_process_event_loop_delay_seconds\{quantile="1"\} /m);
  });

  it("say that the database is away, and nothing in its place", async () => {
    await state.refresh();
    const text = await metrics.registry.metrics();
    expect(text).toContain("fedbaps_database_up 0\n");
    expect(text).toContain("fedbaps_connections 2\n");
    for (const name of ["studies", "sites", "rounds_completed", "audit_records", "leases_held", "site_bytes"])
      expect(text).not.toMatch(new RegExp(`^fedbaps_${name}[{ ]`, "m"));
  });
});

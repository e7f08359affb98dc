import { type LatencyBins, latencyPercentile } from "@fedbaps/core/blackbox/latency.js";
import { queriesOf } from "@fedbaps/core/blackbox/metered.js";
import { VersionChoice } from "@fedbaps/core/training/version-choice.js";
import type { Decision } from "./approvals.js";
import type { Home } from "./home.js";
import { laterMeter, type StudyRecord } from "./study-records.js";
import { StudyStore } from "./study-store.js";

/** What a study has left on this site's disk, in figures. */
export interface StudyStatus {
  readonly study: string;
  readonly decision: string;
  /** Rounds whose training is done here, and the optimiser steps of all finished training, fine-tuning too. */
  readonly rounds: number;
  readonly steps: number;
  readonly queries: number;
  readonly byPurpose: { readonly train: number; readonly validate: number; readonly report: number };
  readonly blackbox: {
    readonly seconds: number;
    /** Calls without an answer. */
    readonly failures: number;
    /** Milliseconds below which half, 95 % and 99 % of the answered calls lie, to within 10 %; absent before the first. */
    readonly callMs?: { readonly p50: number; readonly p95: number; readonly p99: number };
  };
  /** 0: zero-shot. */
  readonly bestVersion: number;
  readonly reported: boolean;
}

/** Reads the journal and the meters of the checkpoints; may be called while the agent runs. @throws AgentError JOURNAL_DAMAGED */
export async function readStudyStatus(home: Home, study: string, decisions: readonly Decision[]): Promise<StudyStatus> {
  const entries = await StudyStore.read(home, study);
  const of = <K extends StudyRecord["kind"]>(kind: K) =>
    entries.filter((entry): entry is Extract<StudyRecord, { kind: K }> => entry.kind === kind);
  const trained = of("trained");
  const [zeroShot, ...versions] = of("validated");
  const choice = zeroShot && new VersionChoice(zeroShot.scores);
  for (const { version, scores } of versions) choice?.offer(version, scores);
  const meters = entries.flatMap((entry) => ("meter" in entry ? [entry.meter] : []));
  const meter = meters.reduce(laterMeter, await StudyStore.checkpointMeter(home, study));
  return {
    study,
    decision: decisions.find((decision) => decision.study === study)?.decision ?? "undecided",
    rounds: trained.length,
    steps: (trained.at(-1)?.steps ?? 0) + (of("tuned").at(-1)?.steps ?? 0),
    queries: queriesOf(meter),
    byPurpose: { train: meter.train, validate: meter.validate, report: meter.report },
    blackbox: { seconds: meter.seconds, failures: meter.failures, ...callTimes(meter.latency) },
    bestVersion: choice?.best.version ?? 0,
    reported: of("acknowledged").length > 0,
  };
}

function callTimes(bins: LatencyBins): Pick<StudyStatus["blackbox"], "callMs"> {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => latencyPercentile(bins, share));
  if (p50 === undefined || p95 === undefined || p99 === undefined) return {};
  const rounded = (value: number) => Number(value.toPrecision(3));
  return { callMs: { p50: rounded(p50), p95: rounded(p95), p99: rounded(p99) } };
}

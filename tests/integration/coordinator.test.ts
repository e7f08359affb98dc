import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { openSum } from "@fedbaps/core/federation/aggregation.js";
import { updateLength } from "@fedbaps/core/federation/update.js";
import type { Identity } from "@fedbaps/core/secagg/keys.js";
import { decodeRing } from "@fedbaps/core/wire/codec.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { io } from "socket.io-client";
import { defaultCount, defaultStudy } from "../support/default-study.js";
import { api, closeAgents, enrol, FakeAgent, signSites, start, until } from "./coordinator-support.js";

interface Study {
  status: string;
  completed: number;
  waiting: { reason: string; sites: string[] } | null;
  rounds: {
    round: number;
    attempt: number;
    phase: string;
    code: string | null;
    survivors: string[];
    cohort: string[];
  }[];
  reports: { site: string; adaptedDice: number }[];
  sites: { site: string; connected: boolean }[];
  traffic: { bytesUp: number; bytesDown: number };
}

afterEach(closeAgents);

const sites = ["a-site", "b-site", "c-site", "d-site", "e-site"];

describe("a coordinator and its sites", () => {
  let coordinator: Coordinator;
  let token: string;
  let identities: Identity[];
  const call = <T>(method: string, path: string, body?: unknown) => api<T>(coordinator.url, token, method, path, body);
  const show = (name: string) => call<Study>("GET", `/studies/${name}`);
  const begin = async (study: { name: string } & Record<string, unknown>) => {
    await call("POST", "/studies", study);
    await call("POST", `/studies/${study.name}/start`);
  };
  const finished = (name: string) =>
    until(`the end of ${name}`, async () => {
      const study = await show(name);
      return study.status === "completed" ? study : undefined;
    });

  beforeAll(async () => {
    coordinator = await start();
    token = coordinator.newAdminToken ?? "";
    identities = await Promise.all(sites.map((site) => enrol(coordinator.url, token, site)));
    await signSites(coordinator.url, token);
  });
  afterAll(() => coordinator.close());

  it("carry a study of three sites and two rounds to its end", async () => {
    const agents = identities
      .slice(0, 3)
      .map((identity, i) => new FakeAgent(coordinator.url, identity, { value: i + 1, images: 10 * (i + 1) }));
    await begin({ name: "small", rounds: 2, sealed: false, participation: { sites: sites.slice(0, 3) } });
    const study = await finished("small");
    expect(study.rounds).toMatchObject(
      [1, 2].map((round) => ({
        round,
        attempt: 1,
        phase: "completed",
        code: null,
        cohort: sites.slice(0, 3),
        survivors: sites.slice(0, 3),
        dropOuts: [],
        metrics: { images: 60, valDice: expect.closeTo(0.5, 4) },
      })),
    );
    expect(study.reports.map((report) => report.site)).toEqual(sites.slice(0, 3));
    expect(study.traffic.bytesUp).toBeGreaterThan(1000);
    expect(study.traffic.bytesDown).toBeGreaterThan(1000);

    const { sums, more } = await agents[0].history("small", 0);
    expect(more).toBe(false);
    expect(sums.map((sum) => sum.round)).toEqual([1, 2]);
    const opened = openSum({
      sum: decodeRing(new Uint8Array(sums[1].sum), updateLength(defaultCount)),
      parameterCount: defaultCount,
      cohortSize: sums[1].cohortSize,
      survivors: sums[1].survivors,
      clip: defaultStudy.clip,
      maxImages: defaultStudy.maxImages,
    });
    expect(opened.meanUpdate[0]).toBeCloseTo((1 * 10 + 2 * 20 + 3 * 30) / 60, 4);
    expect(agents.every((agent) => agent.acknowledgements.every((answer) => answer.ok))).toBe(true);
    await until("the last word", () => (agents[0].seen.at(-1) === "wait:completed" ? true : undefined));
    closeAgents();
  });

  it("survive one of five that vanishes in mid-round, and wait visibly when three are gone", async () => {
    identities.map(
      (identity, i) => new FakeAgent(coordinator.url, identity, i === 4 ? { vanishIn: "maskedInput" } : {}),
    );
    await begin({ name: "large", rounds: 1, silenceSeconds: 3, participation: { sites, require: 4 } });
    await until("the sum", async () => ((await show("large")).completed === 1 ? true : undefined));
    new FakeAgent(coordinator.url, identities[4]);
    const study = await finished("large");
    expect(study.rounds).toMatchObject([
      {
        attempt: 1,
        phase: "completed",
        cohort: sites,
        survivors: sites.slice(0, 4),
        dropOuts: [{ site: "e-site", phase: "maskedInput", code: "SILENT" }],
      },
    ]);
    expect(study.reports).toHaveLength(5);
    closeAgents();

    identities.map((identity, i) => new FakeAgent(coordinator.url, identity, i > 1 ? { vanishIn: "training" } : {}));
    await begin({ name: "thin", rounds: 1, silenceSeconds: 3, participation: { sites, require: 4 } });
    const waiting = await until("the second attempt", async () => {
      const now = await show("thin");
      return now.rounds.length === 2 && now.waiting?.sites.length === 3 ? now : undefined;
    });
    expect(waiting.rounds[0]).toMatchObject({ phase: "aborted", code: "TOO_FEW_SITES" });
    expect(waiting).toMatchObject({
      status: "running",
      waiting: { reason: "waiting-for-sites", sites: sites.slice(2), deadline: null },
    });
    identities.slice(2).map((identity) => new FakeAgent(coordinator.url, identity));
    const done = await finished("thin");
    expect(done.rounds[1]).toMatchObject({ attempt: 2, phase: "completed", survivors: sites });
  });

  it("refuse strangers, wrong keys, and messages that are none", async () => {
    const impostor = { ...identities[1], site: "a-site" };
    const wrong = new FakeAgent(coordinator.url, impostor);
    expect(await until("the refusal", () => wrong.refusals[0])).toBe("BAD_SIGNATURE");
    const stranger = new FakeAgent(coordinator.url, { ...identities[1], site: "nobody" });
    expect(await until("the refusal", () => stranger.refusals[0])).toBe("UNKNOWN_SITE");
    await until("the hang-up", () => (wrong.socket.connected || stranger.socket.connected ? undefined : true));

    const silent = io(coordinator.url, { transports: ["websocket"], forceNew: true });
    const refusal = { ok: false, code: "NOT_ADMITTED" };
    expect(await silent.emitWithAck("reply", {})).toEqual(refusal);
    expect(await silent.emitWithAck("history", { study: "small", after: 0 })).toEqual(refusal);
    silent.disconnect();

    const agent = new FakeAgent(coordinator.url, identities[3]);
    await until("admission", () => agent.acknowledgements[0]);
    for (const [event, message] of [
      ["reply", { phase: "unmask" }],
      ["progress", null],
      ["approvals", { hashes: ["x"] }],
      ["failure", { study: "large", stage: "training", code: "free text about a patient" }],
      ["report", 7],
    ] as const)
      expect(await agent.socket.emitWithAck(event, message)).toEqual({ ok: false, code: "BAD_MESSAGE" });
    expect(await agent.history("small", 0)).toEqual({ ok: false, code: "NOT_IN_ROUND" });
    await call("POST", "/sites/d-site/revoke");
    expect(await until("the refusal", () => agent.refusals[0])).toBe("SITE_REVOKED");
    const again = new FakeAgent(coordinator.url, identities[3]);
    expect(await until("the refusal", () => again.refusals[0])).toBe("SITE_REVOKED");
  });

  it("take commands twice, and no command that makes no sense", async () => {
    await call("POST", "/studies", { name: "idle", participation: { sites: sites.slice(0, 3) } });
    for (const [verb, status] of [
      ["start", "enrolling"],
      ["start", "enrolling"],
      ["pause", 409],
      ["abort", "aborted"],
      ["abort", "aborted"],
      ["resume", 409],
      ["start", 409],
    ] as const)
      expect((await call<{ status: unknown }>("POST", `/studies/idle/${verb}`)).status).toBe(status);
    expect(await call("GET", "/studies/none")).toMatchObject({ status: 404, code: "NOT_FOUND" });
    expect(await api(coordinator.url, "x".repeat(43), "GET", "/studies")).toMatchObject({ status: 401 });
  });
});

describe("a coordinator that is restarted", () => {
  it("keeps the completed rounds, and the study goes on", async () => {
    const home = mkdtempSync(join(tmpdir(), "fedbaps-restart-"));
    let coordinator = await start({ home });
    const token = coordinator.newAdminToken ?? "";
    const names = sites.slice(0, 3);
    const identities = await Promise.all(names.map((site) => enrol(coordinator.url, token, site)));
    await signSites(coordinator.url, token);
    const show = () => api<Study>(coordinator.url, token, "GET", "/studies/long");
    let trainings = 0;
    const first = identities.map((identity) => new FakeAgent(coordinator.url, identity));
    // One site is lost when the second round trains: the first is complete then, the second open.
    first[2].socket.prependAny((event: string, message: { phase?: string }) => {
      if (event === "instruction" && message.phase === "training" && ++trainings === 2) first[2].close();
    });
    await api(coordinator.url, token, "POST", "/studies", { name: "long", rounds: 2, participation: { sites: names } });
    await api(coordinator.url, token, "POST", "/studies/long/start");
    await until("the second round", async () => ((await show()).rounds[1]?.phase === "training" ? true : undefined));
    await expect(start({ home })).rejects.toMatchObject({ code: "HOME_IN_USE" });
    await coordinator.close();
    closeAgents();

    coordinator = await start({ home });
    expect(coordinator.newAdminToken).toBeUndefined();
    const waiting = await show();
    expect(waiting).toMatchObject({ status: "running", completed: 1, waiting: { reason: "waiting-for-sites" } });
    identities.map((identity) => new FakeAgent(coordinator.url, identity));
    const study = await until("the end", async () => {
      const now = await show();
      return now.status === "completed" ? now : undefined;
    });
    expect(study.rounds).toMatchObject([
      { round: 1, attempt: 1, phase: "completed" },
      { round: 2, attempt: 1, phase: "aborted", code: "COORDINATOR_RESTARTED" },
      { round: 2, attempt: 2, phase: "completed", survivors: names },
    ]);
    closeAgents();
    await coordinator.close();
    rmSync(home, { recursive: true });
  });
});

import type { Coordinator } from "@fedbaps/coordinator/app.js";
import type { Identity } from "@fedbaps/core/secagg/keys.js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { io, type Socket } from "socket.io-client";
import { api, closeAgents, enrol, FakeAgent, signSites, start, until } from "./coordinator-support.js";

interface Study {
  status: string;
  completed: number;
  warnings?: string[];
  waiting: { reason: string; sites: string[] } | null;
  rounds: { attempt: number; phase: string; code: string | null }[];
  sites: { site: string; reported: boolean; reportFailure: string | null }[];
}

const sites = ["a-site", "b-site", "c-site"];

describe("a coordinator, when something goes wrong", () => {
  let coordinator: Coordinator;
  let token: string;
  let identities: Identity[];
  const call = <T>(method: string, path: string, body?: unknown) => api<T>(coordinator.url, token, method, path, body);
  const show = (name: string) => call<Study>("GET", `/studies/${name}`);
  const reached = (name: string, status: string) =>
    until(`${name} to be ${status}`, async () => {
      const study = await show(name);
      return study.status === status ? study : undefined;
    });
  const begin = async (study: { name: string } & Record<string, unknown>) => {
    await call("POST", "/studies", { rounds: 1, participation: { sites }, ...study });
    await call("POST", `/studies/${study.name}/start`);
  };

  beforeAll(async () => {
    coordinator = await start();
    token = coordinator.newAdminToken ?? "";
    identities = await Promise.all(sites.map((site) => enrol(coordinator.url, token, site)));
    await signSites(coordinator.url, token);
  });
  afterEach(closeAgents);
  afterAll(() => coordinator.close());

  it("attempts a round again whose sum cannot be right", async () => {
    let spoilt = 0;
    identities.map(
      (identity, i) => new FakeAgent(coordinator.url, identity, { spoils: () => i === 0 && spoilt++ === 0 }),
    );
    await begin({ name: "spoilt" });
    const study = await reached("spoilt", "completed");
    expect(study.rounds).toMatchObject([
      { attempt: 1, phase: "aborted", code: "IMPOSSIBLE_SUM" },
      { attempt: 2, phase: "completed", code: null },
    ]);
    expect(study.completed).toBe(1);
  });

  it("waits for the report of a site that failed to make one", async () => {
    const agents = identities.map(
      (identity, i) =>
        new FakeAgent(coordinator.url, identity, { reportFails: () => (i === 1 ? "BLACKBOX_UNREACHABLE" : undefined) }),
    );
    await begin({ name: "late" });
    const waiting = await until("the failure", async () => {
      const study = await show("late");
      return study.waiting?.sites.length === 1 && study.sites[1].reportFailure !== null ? study : undefined;
    });
    expect(waiting).toMatchObject({
      status: "running",
      waiting: { reason: "waiting-for-reports", sites: ["b-site"] },
      sites: [{ reported: true }, { reported: false, reportFailure: "BLACKBOX_UNREACHABLE" }, { reportFailure: null }],
    });
    agents[1].close();
    new FakeAgent(coordinator.url, identities[1]);
    const study = await reached("late", "completed");
    expect(study.sites[1]).toMatchObject({ reported: true, reportFailure: null });
  });

  it("takes no report of a study that was given up", async () => {
    const agent = new FakeAgent(coordinator.url, identities[0]);
    await until("admission", () => agent.acknowledgements[0]);
    await begin({ name: "dropped" });
    const report = { study: "dropped", version: 1, deployed: false, queries: 1, blackboxSeconds: 1 };
    await until("approval", async () => {
      const { code } = (await agent.socket.emitWithAck("report", report)) as { code: string };
      return code === "TOO_EARLY" ? true : undefined;
    });
    await call("POST", "/studies/dropped/abort");
    expect(await agent.socket.emitWithAck("report", report)).toEqual({ ok: false, code: "STALE" });
  });

  it("says which sites of a new study nobody knows", async () => {
    const participation = { sites: [...sites, "z-site"], require: 3 };
    const study = await call<Study>("POST", "/studies", { name: "strange", participation });
    expect(study.warnings).toEqual(["site z-site is not known yet; invite it with: site invite z-site"]);
  });

  it("hangs up on a message that claims many binary parts", async () => {
    const socket = io(coordinator.url, { transports: ["websocket"], forceNew: true, reconnection: false });
    await until("the link", () => (socket.connected ? true : undefined));
    socket.emit("reply", { parts: [new Uint8Array(1), new Uint8Array(1)] });
    // At once, and not when its time to say who it is has run out.
    await until("the hang-up", () => (socket.connected ? undefined : true), 3000);
  });

  it("holds at most so many connections of which it does not know whose they are", async () => {
    let [open, refused] = [0, 0];
    const strangers: Socket[] = [];
    for (let i = 0; i < 60; i++) {
      const socket = io(coordinator.url, { transports: ["websocket"], forceNew: true, reconnection: false });
      socket.on("connect", () => open++);
      socket.on("connect_error", () => refused++);
      strangers.push(socket);
      // One after the other: the limit is of those that are open, not of those that are about to be.
      await until("an answer", () => (open + refused > i ? true : undefined));
    }
    expect([open, refused]).toEqual([50, 10]);
    for (const socket of strangers) socket.disconnect();
    await until("room", async () => {
      const probe = io(coordinator.url, { transports: ["websocket"], forceNew: true, reconnection: false });
      const connected = await new Promise<boolean>((resolve) => {
        probe.on("connect", () => resolve(true));
        probe.on("connect_error", () => resolve(false));
      });
      probe.disconnect();
      return connected || undefined;
    });
    const agent = new FakeAgent(coordinator.url, identities[0]);
    await until("admission", () => agent.acknowledgements[0]);
    expect(agent.acknowledgements[0]).toEqual({ ok: true });
  });

  it("takes a report that comes several times at once, with the study's end in between", async () => {
    const fails = () => "BLACKBOX_UNREACHABLE";
    const agents = identities.map(
      (identity, i) => new FakeAgent(coordinator.url, identity, i === 0 ? { reportFails: fails } : {}),
    );
    await begin({ name: "twice" });
    await until("the others' reports", async () => {
      const { waiting } = await show("twice");
      return waiting?.reason === "waiting-for-reports" && waiting.sites.join() === sites[0] ? true : undefined;
    });
    const report = { study: "twice", version: 1, deployed: false, queries: 1, blackboxSeconds: 1 };
    const answers = await Promise.all([1, 2, 3].map(() => agents[0].socket.emitWithAck("report", report)));
    expect(answers).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    await reached("twice", "completed");
  });
});

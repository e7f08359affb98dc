import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Replicas } from "../support/replicas.js";
import { type Outcomes, SimulatedFederation } from "../support/simulated-federation.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { dropConnections, newDatabaseUrl } from "../support/test-database.js";

removeTemporaryFolders();

const ROUNDS = 3;
const SITES = ["north", "south", "west", "east"];

/** A study of four sites over two or three coordinator processes that share a PostgreSQL. */
describe("several coordinators on one PostgreSQL", () => {
  let folder: string;
  let database: { url: string; drop(): Promise<void> };
  let replicas: Replicas;
  let federation: SimulatedFederation;
  let undisturbed: Outcomes;

  const untilDriven = async (by: readonly number[]) => {
    for (const end = Date.now() + 30_000; Date.now() < end; await sleep(100)) {
      const view = await replicas.ask<{ status: string; driver: string | null }>(
        "GET",
        "/studies/frozen",
        undefined,
        by[0],
      );
      if (view?.status === "completed") return;
      for (const index of by) {
        const own = await replicas.ask<{ replica: string }>("GET", "/coordinator", undefined, index);
        if (own !== undefined && view?.driver === own.replica) return;
      }
    }
    throw new Error("nobody took the study over");
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    const made = await newDatabaseUrl();
    if (made === undefined) throw new Error("these tests need a PostgreSQL: npm run test:postgres starts one");
    database = made;
    replicas = await Replicas.start(folder, database.url, 3);
    federation = await SimulatedFederation.start(folder, SITES, replicas);
    await federation.begin("calm", { rounds: ROUNDS });
    undisturbed = (await federation.finish("calm")).outcomes;
  });
  afterEach(async () => {
    for (const index of [0, 1, 2]) if (!replicas.numbers.includes(index)) await replicas.serve(index);
  });
  afterAll(async () => {
    await federation?.close();
    await replicas?.close();
    await database?.drop();
  });

  it("are one coordinator to the outside: one key, one first token, one view", async () => {
    expect(new Set(replicas.fingerprints).size).toBe(1);
    const views = await Promise.all(
      [0, 1, 2].map((index) =>
        replicas.ask<{ status: string; completed: number }>("GET", "/studies/calm", undefined, index),
      ),
    );
    for (const view of views) expect(view).toMatchObject({ status: "completed", completed: ROUNDS });
    const living = await replicas.ask<{ replicas: unknown[] }>("GET", "/coordinator");
    expect(living?.replicas).toHaveLength(3);
  });

  it("carry a study on when the one that drives it is killed in mid-round, and pay nothing twice", async () => {
    await federation.begin("killed", { rounds: ROUNDS });
    let killed = 0;
    for (const phase of ["training", "maskedInput"]) {
      // It may be over before the second kill: the first is certain.
      const { status } = await federation.until(
        "killed",
        phase,
        (view) => view.status === "completed" || view.round?.phase === phase || (killed > 0 && view.completed > 1),
      );
      const driver = status === "completed" ? undefined : await replicas.driverOf("killed");
      if (driver === undefined) continue;
      await replicas.kill(driver);
      killed++;
    }
    const { view, outcomes } = await federation.finish("killed");
    expect(killed).toBeGreaterThan(0);
    expect(view.completed).toBe(ROUNDS);
    for (const site of SITES) {
      expect(outcomes[site].steps).toBe(undisturbed[site].steps);
      expect(outcomes[site].images).toBe(undisturbed[site].images);
    }
  });

  it("do not let one that was frozen write when it wakes up", async () => {
    await federation.begin("frozen", { rounds: ROUNDS });
    await federation.until("frozen", "a round under way", (view) => view.round !== null);
    const driver = await replicas.driverOf("frozen");
    if (driver === undefined) throw new Error("nobody drives it");
    replicas.signal(driver, "SIGSTOP");
    const others = replicas.numbers.filter((index) => index !== driver);
    await untilDriven(others);
    replicas.signal(driver, "SIGCONT");
    const { view, outcomes } = await federation.finish("frozen");
    expect(view.rounds.filter(({ phase }) => phase === "completed")).toHaveLength(ROUNDS);
    for (const site of SITES) expect(outcomes[site].steps).toBe(undisturbed[site].steps);
    const report = await replicas.ask<{ ok: boolean }>("GET", "/audit/verify");
    expect(report?.ok).toBe(true);
  });

  it("hand a study over when the one that drives it is told to stop", async () => {
    await federation.begin("handed-over", { rounds: ROUNDS });
    await federation.until("handed-over", "a round under way", (view) => view.round !== null);
    const driver = await replicas.driverOf("handed-over");
    if (driver !== undefined) await replicas.kill(driver, "SIGTERM");
    const { view } = await federation.finish("handed-over");
    expect(view.completed).toBe(ROUNDS);
  });

  it("take commands at any of them, whoever drives", async () => {
    await federation.create("commanded", { rounds: ROUNDS });
    await federation.serve();
    await federation.until("commanded", "running", ({ status }) => status === "running");
    const driver = await replicas.driverOf("commanded");
    const other = replicas.numbers.find((index) => index !== driver);
    await replicas.ask("POST", "/studies/commanded/pause", undefined, other);
    const paused = await federation.until("commanded", "paused", ({ status }) => status === "paused");
    expect(paused.round).toBeNull();
    await replicas.ask("POST", "/studies/commanded/resume", undefined, other);
    const { view } = await federation.finish("commanded");
    expect(view.status).toBe("completed");
  });

  it("go on when the database drops every connection, again and again", async () => {
    await federation.begin("dropped", { rounds: ROUNDS });
    for (let round = 1; round <= 2; round++) {
      await federation.until(
        "dropped",
        `round ${round}`,
        (view) => view.completed >= round - 1 && view.rounds.length > 0,
      );
      await dropConnections(database.url);
    }
    const { view, outcomes } = await federation.finish("dropped");
    expect(view.completed).toBe(ROUNDS);
    for (const site of SITES) expect(outcomes[site].steps).toBe(undisturbed[site].steps);
  });

  it("go on after all of them were killed at once", async () => {
    await federation.begin("all-killed", { rounds: ROUNDS });
    await federation.until("all-killed", "a round under way", (view) => view.round !== null);
    for (const index of replicas.numbers) await replicas.kill(index);
    await replicas.serve(0);
    await replicas.serve(1);
    const { outcomes } = await federation.finish("all-killed");
    for (const site of SITES) expect(outcomes[site].steps).toBe(undisturbed[site].steps);
  });
});

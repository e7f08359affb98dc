import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "./coordinator-calls.js";
import type { LoadService, StudyPlan } from "./coordinator-load.js";
import type { CoordinatorService, StartOptions } from "./coordinator-process.js";
import { memoryRow, phaseRows, targetRows, togetherRow } from "./coordinator-rows.js";
import { type Processes, runStudy, runTogether, type StudyFigures } from "./coordinator-stages.js";
import type { Row } from "./table.js";

/** Connected sites. */
const SITES = 1000;
/** As many of them as one roster may name. */
const NAMED = 200;
const COHORTS = [10, 50, 200];
const ROUNDS = 2;
/** Of 200, how many are lost after they have dealt their shares: each costs the others' masks with it. */
const LOSSES = 60;

/**
 * One coordinator with 1,000 connected sites, in studies with cohorts of several sizes: with the embedded database, which
 * lives in its process, and with the PostgreSQL that DATABASE_URL names, where it names an empty one.
 */
export async function benchCoordinator(): Promise<Row[]> {
  const rows = await measureOn("embedded", undefined);
  const databaseUrl = process.env.DATABASE_URL;
  return databaseUrl ? [...rows, ...(await measureOn("postgresql", databaseUrl))] : rows;
}

async function measureOn(database: string, databaseUrl: string | undefined): Promise<Row[]> {
  const home = await mkdtemp(join(tmpdir(), "fedbaps-bench-"));
  try {
    const token = await makeDatabase({ home, databaseUrl });
    const rows = await measureAll({ home, databaseUrl }, token);
    return rows.map((row) => ({ ...row, database }));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** In a process of its own: making a database takes more memory than using it. @returns an admin's token. */
async function makeDatabase(place: StartOptions): Promise<string> {
  return withCoordinator(async (coordinator) => {
    const { token } = await coordinator.call("start", place);
    if (token === undefined) throw new Error("the database is in use already; give an empty one");
    return token;
  });
}

async function withCoordinator<T>(use: (coordinator: Worker<CoordinatorService>) => Promise<T>): Promise<T> {
  const coordinator = new Worker<CoordinatorService>("./coordinator-process.js", ["--expose-gc"]);
  try {
    return await use(coordinator);
  } finally {
    await coordinator.call("stop").catch(() => {});
    await coordinator.stop();
  }
}

async function measureAll(place: StartOptions, token: string): Promise<Row[]> {
  return withCoordinator(async (coordinator) => {
    const load = new Worker<LoadService>("./coordinator-load.js");
    try {
      const { url } = await coordinator.call("start", place);
      const started = await coordinator.call("memory");
      await load.call("enrol", { url, token }, SITES, NAMED);
      const enrolled = await coordinator.call("memory");
      await load.call("connect");
      const connected = await coordinator.call("memory");
      const rows = [
        memoryRow("started, no sites", started),
        memoryRow(`${SITES} sites enrolled`, enrolled),
        memoryRow(`${SITES} sites connected`, connected),
        ...(await measure({ coordinator, load }, place.databaseUrl === undefined)),
      ];
      const still = await load.call("connected");
      if (still !== SITES) throw new Error(`${SITES - still} sites lost their connections on the way`);
      return rows;
    } finally {
      await load.stop();
    }
  });
}

async function measure(processes: Processes, embedded: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  const studies: StudyFigures[] = [];
  for (const sites of COHORTS) {
    const plan = { name: `alone-${sites}`, rounds: ROUNDS, first: 0, sites };
    const figures = await runStudy(processes, plan);
    studies.push(figures);
    rows.push(...phaseRows(figures), memoryRow(`after a study of ${sites}`, figures.after));
  }
  const lossy = { name: "losses", rounds: 1, first: 0, sites: NAMED, losses: LOSSES };
  const losses = await runStudy(processes, lossy, LOSSES);
  rows.push(...phaseRows(losses, LOSSES), memoryRow(`after the loss of ${LOSSES} of ${NAMED}`, losses.after));
  const plans = COHORTS.flatMap((sites) => plansOf(sites));
  const together = await runTogether(processes, plans);
  rows.push(togetherRow(plans, together), memoryRow(`after ${plans.length} studies at once`, together.after));
  return [...rows, ...targetRows(studies, together.after, embedded)];
}

/** Studies with cohorts of this size, as many as the roster's sites make. */
function plansOf(sites: number): StudyPlan[] {
  return Array.from({ length: NAMED / sites }, (_, i) => ({
    name: `together-${sites}-${i}`,
    rounds: 1,
    first: i * sites,
    sites,
  }));
}

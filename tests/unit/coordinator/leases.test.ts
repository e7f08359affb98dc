import type { OpenDatabase } from "@fedbaps/coordinator/store/database.js";
import { LeaseRepository } from "@fedbaps/coordinator/store/lease-repository.js";
import { ReplicaRepository } from "@fedbaps/coordinator/store/replica-repository.js";
import { RoundRepository } from "@fedbaps/coordinator/store/round-repository.js";
import { StudyRepository } from "@fedbaps/coordinator/store/study-repository.js";
import { studySpecSchema } from "@fedbaps/core/wire/study.js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { openTestDatabase } from "../../support/test-database.js";

const LONG = 60_000;

describe("the lease of a study", () => {
  let database: OpenDatabase;
  let count = 0;
  let study: string;
  const leases = (replica: string) => new LeaseRepository(database.db, replica);
  const replicas = (replica: string) => new ReplicaRepository(database.db, replica);

  beforeAll(async () => {
    database = await openTestDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    study = `study-${++count}`;
    const spec = { name: study, participation: { sites: ["north", "south", "west"] } };
    await new StudyRepository(database.db).create(studySpecSchema.parse(spec), count);
    for (const replica of ["a", "b"]) await replicas(replica).beat(1, LONG);
  });

  it("is one living replica's, until that gives it back", async () => {
    const lease = (await leases("a").acquire(study))!;
    expect(lease).toMatchObject({ study, expired: false });
    expect(await leases("b").acquire(study)).toBeUndefined();
    expect((await leases("b").holders()).get(study)).toBe("a");
    await leases("a").release(lease);
    expect((await leases("b").holders()).has(study)).toBe(false);
    expect(await leases("b").acquire(study)).toMatchObject({ expired: false, fence: lease.fence + 1 });
  });

  it("falls to another one when its replica has stopped saying that it lives", async () => {
    const lease = (await leases("a").acquire(study))!;
    await replicas("a").beat(1, -1);
    expect((await leases("b").holders()).has(study)).toBe(false);
    expect(await leases("b").acquire(study)).toMatchObject({ expired: true, fence: lease.fence + 1 });
    await replicas("a").beat(1, LONG);
    expect(await leases("a").acquire(study)).toBeUndefined();
  });

  it("is needed for writing: who lost it writes nothing, also who has a newer one of its own", async () => {
    const rounds = new RoundRepository(database.db);
    const begin = (replica: string, lease: { study: string; fence: number; expired: boolean }, attempt: number) =>
      leases(replica).guard(lease, (transaction) =>
        new RoundRepository(transaction).begin({ study, round: 1, attempt }, 1),
      );
    const first = (await leases("a").acquire(study))!;
    await begin("a", first, 1);
    await replicas("a").beat(1, -1);
    const second = (await leases("b").acquire(study))!;
    await expect(begin("a", first, 2)).rejects.toMatchObject({ code: "LEASE_LOST" });
    await leases("b").release(second);
    await replicas("a").beat(1, LONG);
    const third = (await leases("a").acquire(study))!;
    await expect(begin("a", first, 2)).rejects.toMatchObject({ code: "LEASE_LOST" });
    await begin("a", third, 3);
    expect((await rounds.list(study)).map(({ attempt }) => attempt)).toEqual([1, 3]);
  });

  it("is written under in one piece: what fails leaves nothing", async () => {
    const lease = (await leases("a").acquire(study))!;
    const writing = leases("a").guard(lease, async (transaction) => {
      await new RoundRepository(transaction).begin({ study, round: 1, attempt: 1 }, 1);
      throw new Error("in the middle");
    });
    await expect(writing).rejects.toThrow("in the middle");
    expect(await new RoundRepository(database.db).list(study)).toEqual([]);
  });

  it("goes to one of several that ask at once", async () => {
    const names = ["a", "b", "c", "d"];
    for (const replica of names) await replicas(replica).beat(1, LONG);
    const got = await Promise.all(names.map((replica) => leases(replica).acquire(study)));
    expect(got.filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  it("lists the replicas that live, by the database's clock", async () => {
    await replicas("late").beat(7, -1);
    await replicas("alone").beat(8);
    const living = await replicas("a").living();
    expect(living.find(({ id }) => id === "late")).toBeUndefined();
    expect(living.find(({ id }) => id === "alone")).toEqual({ id: "alone", startedAt: 8, aliveUntil: null });
  });
});

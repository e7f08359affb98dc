import { PGlite } from "@electric-sql/pglite";
import { first } from "@fedbaps/coordinator/store/migrations/0001-first.js";
import { reportFailures } from "@fedbaps/coordinator/store/migrations/0002-report-failures.js";
import { rostersAndSeals } from "@fedbaps/coordinator/store/migrations/0003-rosters-and-seals.js";
import { migrate } from "@fedbaps/coordinator/store/migrations.js";
import { PresenceRepository } from "@fedbaps/coordinator/store/presence-repository.js";
import { RoundRepository } from "@fedbaps/coordinator/store/round-repository.js";
import type { Schema } from "@fedbaps/coordinator/store/schema.js";
import { SiteRepository } from "@fedbaps/coordinator/store/site-repository.js";
import { StudyRepository } from "@fedbaps/coordinator/store/study-repository.js";
import { canonicalJson } from "@fedbaps/core/common/hash.js";
import { studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";
import { expect, it } from "@jest/globals";
import { Kysely, Migrator, sql } from "kysely";
import { PGliteDialect } from "kysely-pglite-dialect";

const shipped = {
  "0001-first": first,
  "0002-report-failures": reportFailures,
  "0003-rosters-and-seals": rostersAndSeals,
};

it("a database of the first release is brought up to date with everything in it", async () => {
  const db = new Kysely<Schema>({ dialect: new PGliteDialect(new PGlite()) });
  await new Migrator({ db, provider: { getMigrations: async () => shipped } }).migrateToLatest();
  const spec = studySpecSchema.parse({ name: "liver", participation: { sites: ["north", "south", "west"] } });
  const [north, key] = [Buffer.alloc(32, 1).toString("base64"), Buffer.alloc(32, 2).toString("base64")];
  const names = canonicalJson(["north", "south", "west"]);
  await sql`insert into sites (name, status, sign_key, box_key, created_at, last_seen, bytes_up, bytes_down)
    values ('north', 'approved', ${north}, ${key}, 5, 6, 7, 8)`.execute(db);
  await sql`insert into studies (name, spec, hash, status, version, created_at)
    values ('liver', ${canonicalJson(spec)}, ${studyHash(spec)}, 'running', 1, 9)`.execute(db);
  await sql`insert into rounds (study, round, attempt, phase, started_at, ended_at, cohort, survivors, drop_outs, sum)
    values ('liver', 1, 1, 'completed', 10, 11, ${names}, ${names}, '[]', '\\x01020304'::bytea)`.execute(db);
  await migrate(db);
  expect(await new SiteRepository(db).members(["north"])).toEqual([{ site: "north", signKey: north, boxKey: key }]);
  const presence = { connected: false, lastMessage: 6, bytesUp: 7, bytesDown: 8 };
  expect((await new PresenceRepository(db, "a").all()).get("north")).toEqual(presence);
  expect(await new StudyRepository(db).find("liver")).toMatchObject({ status: "running", version: 1 });
  const rounds = new RoundRepository(db);
  expect(await rounds.list("liver")).toMatchObject([
    { round: 1, phase: "completed", survivors: spec.participation.sites },
  ]);
  expect((await rounds.history("liver", 0, 100)).sums).toMatchObject([{ sum: new Uint8Array([1, 2, 3, 4]) }]);
  expect(await rounds.seen("liver")).toMatchObject({ round: 1, inputs: [] });
  await db.destroy();
});

import { randomBytes } from "node:crypto";
import { AuditLog } from "@fedbaps/coordinator/audit/audit-log.js";
import { LiveFeed } from "@fedbaps/coordinator/live-feed.js";
import { Cluster } from "@fedbaps/coordinator/realtime/cluster.js";
import { Studies } from "@fedbaps/coordinator/rounds/studies.js";
import type { OpenDatabase } from "@fedbaps/coordinator/store/database.js";
import { EpochRepository } from "@fedbaps/coordinator/store/epoch-repository.js";
import { LeaseRepository } from "@fedbaps/coordinator/store/lease-repository.js";
import { ReplicaRepository } from "@fedbaps/coordinator/store/replica-repository.js";
import { RosterRepository } from "@fedbaps/coordinator/store/roster-repository.js";
import { RoundRepository } from "@fedbaps/coordinator/store/round-repository.js";
import type { Database } from "@fedbaps/coordinator/store/schema.js";
import { SiteRepository } from "@fedbaps/coordinator/store/site-repository.js";
import { StudyRepository } from "@fedbaps/coordinator/store/study-repository.js";
import { noTelemetry } from "@fedbaps/coordinator/telemetry/telemetry.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { type LogFields, silentLogger } from "@fedbaps/core/common/logger.js";
import { createIdentity } from "@fedbaps/core/secagg/keys.js";
import { signRoster } from "@fedbaps/core/secagg/roster.js";
import type { Instruction, Reply, SiteReport } from "@fedbaps/core/wire/messages.js";
import { studySpecSchema } from "@fedbaps/core/wire/study.js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { openTestDatabase } from "../../support/test-database.js";

const three = ["north", "south", "west"];
const key = (byte: number) => Buffer.alloc(32, byte).toString("base64");

function studyOf(instruction: Instruction): string {
  if ("study" in instruction) return instruction.study;
  return "reference" in instruction ? instruction.reference.study : instruction.cohort.reference.study;
}

/** Time that passes only when it is told to. */
class HandClock implements Clock {
  #now = 1_000_000;
  readonly #timers = new Map<() => void, number>();

  now = () => this.#now;
  after(milliseconds: number, callback: () => void) {
    const due = () => callback();
    this.#timers.set(due, this.#now + milliseconds);
    return () => void this.#timers.delete(due);
  }
  async pass(seconds: number) {
    for (const end = this.#now + seconds * 1000; this.#now < end; ) {
      this.#now = Math.min(end, ...this.#timers.values());
      for (const [due, at] of [...this.#timers]) if (at <= this.#now && this.#timers.delete(due)) due();
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
}

const random = (count: number) => new Uint8Array(randomBytes(count));

describe("studies", () => {
  let database: OpenDatabase;
  let db: Database;
  let sites: SiteRepository;
  let repository: StudyRepository;
  let rounds: RoundRepository;
  let clock: HandClock;
  let sent: string[];
  let logged: (LogFields | undefined)[];
  let count = 0;
  let name: string;

  beforeAll(async () => {
    database = await openTestDatabase();
    db = database.db;
    await new ReplicaRepository(db, "me").beat(0);
    [sites, repository, rounds] = [new SiteRepository(db), new StudyRepository(db), new RoundRepository(db)];
    for (const [i, site] of [...three, "east"].entries()) {
      await sites.invite(site, site, 1, 0);
      await sites.enrol(site, { site, signKey: key(2 * i + 1), boxKey: key(2 * i + 2) }, 0);
      await sites.setStatus(site, "approved");
    }
    const lead = createIdentity("lead", () => new Uint8Array(32)).sign;
    await new RosterRepository(db).add(signRoster(await sites.members([...three, "east"]), lead), 0);
  });
  afterAll(() => database.close());
  beforeEach(() => {
    clock = new HandClock();
    sent = [];
    logged = [];
    name = `study-${++count}`;
  });

  /** @param fault is thrown when a site is told something of this study. */
  const make = (fault?: Error) =>
    new Studies({
      db,
      replica: "me",
      cluster: new Cluster({ io: undefined, own: "me", clock, random }),
      leases: new LeaseRepository(db, "me"),
      audit: new AuditLog({ db, key: createIdentity("coordinator", random).sign, clock, feed: new LiveFeed() }),
      feed: new LiveFeed(),
      telemetry: noTelemetry,
      studies: repository,
      sites,
      rounds,
      rosters: new RosterRepository(db),
      epochs: new EpochRepository(db),
      clock,
      logger: { ...silentLogger, error: (_event, fields) => void logged.push(fields) },
      outbox: {
        offer: () => {},
        roster: () => {},
        repeat: () => {},
        send: (site, instruction: Instruction) => {
          // Of the studies before, sites are told that they are over.
          if (studyOf(instruction) !== name) return;
          if (fault !== undefined && instruction.phase !== "wait") throw fault;
          sent.push(`${site} ${instruction.phase === "wait" ? instruction.reason : instruction.phase}`);
        },
      },
    });
  const create = (named: string[]) =>
    repository.create(
      studySpecSchema.parse({ name, rounds: 1, sealed: false, participation: { sites: named, require: 3 } }),
      count,
    );
  const approve = async (study: { hash: string }, who: string[]) => {
    for (const site of who) await repository.setApproval(name, site, study.hash);
  };
  const statusOf = async () => (await repository.find(name))?.status;
  const takeSent = () => sent.splice(0).sort();
  /** A study whose rounds are complete, taken up after a restart. */
  const beginReporting = async () => {
    const study = await create([...three, "east"]);
    await approve(study, three);
    const reference = { study: name, round: 1, attempt: 1 };
    await rounds.begin(reference, 0);
    const result = {
      cohort: three,
      survivors: three,
      dropOuts: [],
      metrics: {},
      sum: new Uint8Array(4),
      seal: null,
      endedAt: 1,
    };
    await rounds.complete(reference, result);
    await repository.move(name, ["draft"], "running");
    const studies = make();
    await studies.reconcile();
    return studies;
  };
  const waitingFor = (studies: Studies) => studies.driver(name)?.reportingView()?.waitingFor;
  const report = async (studies: Studies, site: string) => {
    const made: SiteReport = { study: name, deployed: true, queries: 1, blackboxSeconds: 1, version: 1 };
    await studies.reported(site, made, "00".repeat(32));
    await studies.driver(name)?.reported(site);
  };
  const end = async (studies: Studies) => {
    if ((await statusOf()) !== "completed") await studies.abort(name);
    await studies.close();
  };

  it("run after a restart, or a repeated start, where the approvals have sufficed since", async () => {
    for (const takeUp of [(studies: Studies) => studies.reconcile(), (studies: Studies) => studies.start(name)]) {
      name = `study-${++count}`;
      const study = await create(three);
      await make().start(name);
      await approve(study, three);
      expect(await statusOf()).toBe("enrolling");
      const studies = make();
      await takeUp(studies);
      expect(await statusOf()).toBe("running");
      await end(studies);
    }
  });

  it("tell a site in the middle of a round nothing, if it owes nothing", async () => {
    const study = await create(three);
    await approve(study, three);
    const studies = make();
    await studies.start(name);
    takeSent();
    const reference = { study: name, round: 1, attempt: 1 };
    const answer = (site: string, reply: Partial<Reply>) =>
      studies.driver(name)?.receive(site, { reference, ...reply } as Reply);
    await answer("north", { phase: "recruiting", ready: true });
    await studies.refresh("north");
    expect(takeSent()).toEqual(["north waiting-for-sites"]);
    for (const site of ["south", "west"]) await answer(site, { phase: "recruiting", ready: true });
    await answer("north", { phase: "training", queries: 1 });
    takeSent();
    await studies.refresh("north");
    await studies.refresh("south");
    expect(takeSent()).toEqual(["south training"]);
    await studies.pause(name);
    expect(new Set(takeSent())).toEqual(new Set(three.map((site) => `${site} paused`)));
    await end(studies);
  });

  it("ask nobody who has not approved for a report, and wait on after a failure", async () => {
    const studies = await beginReporting();
    expect(takeSent()).toEqual(three.map((site) => `${site} report`));
    await studies.refresh("east");
    expect(takeSent()).toEqual([]);
    await report(studies, "north");
    await clock.pass(500);
    await studies.driver(name)?.failed("south", { study: name, stage: "report", code: "BLACKBOX_UNREACHABLE" });
    await clock.pass(101);
    expect(waitingFor(studies)).toEqual(["south"]);
    studies.heard("south");
    await clock.pass(599);
    expect(await statusOf()).toBe("running");
    await clock.pass(2);
    expect(await statusOf()).toBe("completed");
    expect(takeSent()).toEqual(three.map((site) => `${site} completed`));
    await end(studies);
  });

  it("take a report that comes after a failure", async () => {
    const studies = await beginReporting();
    for (const site of three)
      await studies.driver(name)?.failed(site, { study: name, stage: "report", code: "BLACKBOX_UNREACHABLE" });
    expect(await statusOf()).toBe("running");
    for (const site of three) await report(studies, site);
    expect(await statusOf()).toBe("completed");
    await end(studies);
  });

  it("do not wait for the report of a site that is revoked or withdraws", async () => {
    const studies = await beginReporting();
    await report(studies, "north");
    await studies.setApprovals("south", []);
    expect(waitingFor(studies)).toEqual(["west"]);
    await sites.setStatus("west", "revoked");
    await studies.sitesChanged();
    expect(await statusOf()).toBe("completed");
    await sites.setStatus("west", "approved");
    await end(studies);
  });

  it("are paused by a fault of the coordinator's own, which only its log shows", async () => {
    const study = await create(three);
    await approve(study, three);
    const studies = make(new TypeError("unforeseen"));
    await studies.start(name);
    expect(await repository.find(name)).toMatchObject({ status: "paused", reason: "INTERNAL" });
    expect(await rounds.list(name)).toMatchObject([{ phase: "aborted", code: "INTERNAL" }]);
    expect([...new Set(takeSent())]).toEqual(three.map((site) => `${site} paused`));
    expect(logged).toMatchObject([{ study: name, code: "INTERNAL", stack: expect.stringContaining("unforeseen") }]);
    await end(studies);
  });
});

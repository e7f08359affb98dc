import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "@fedbaps/core/common/clock.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { updateLength } from "@fedbaps/core/federation/update.js";
import { defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import { createIdentity, type Identity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { rosterHash, signRoster } from "@fedbaps/core/secagg/roster.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import type { Failure, Progress, Reply, RoundSum, SiteReport } from "@fedbaps/core/wire/messages.js";
import type { Roster } from "@fedbaps/core/wire/roster.js";
import type { Cohort, RoundReference } from "@fedbaps/core/wire/secagg-messages.js";
import { type StudySpec, studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";
import type { DiskPatience } from "@fedbaps/site-agent/disk-patience.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { fixedPolicy } from "@fedbaps/site-agent/policy/live-policy.js";
import { type Policy, policySchema } from "@fedbaps/site-agent/policy.js";
import { RoundRunner } from "@fedbaps/site-agent/round-runner.js";
import { StudySeal } from "@fedbaps/site-agent/study-seal.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { StudyWork } from "@fedbaps/site-agent/study-work.js";
import { SumRunner } from "@fedbaps/site-agent/sum-runner.js";
import type { OpenTraining } from "@fedbaps/site-agent/training.js";
import { stubTraining } from "./stub-training.js";

export const random = (count: number) => new Uint8Array(randomBytes(count));
/** Timers of a runner that a test "killed" must not keep the test process. */
const clock: Clock = {
  now: systemClock.now,
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

export const SITES = ["aa", "bb", "cc"];

export function makeStudy(overrides: Partial<StudySpec> = {}): StudySpec {
  return studySpecSchema.parse({
    name: "study",
    rounds: 3,
    personalShare: 0,
    sealed: false,
    budget: 1000,
    participation: { sites: SITES },
    ...overrides,
  });
}

/** Everything that a runner sent, and what it told the person. */
export interface Sent {
  replies: Reply[];
  failures: Failure[];
  reports: SiteReport[];
  progress: Progress[];
  lines: string[];
  over: boolean[];
}

export interface RunnerOptions {
  readonly folder: string;
  readonly study?: StudySpec;
  readonly policy?: Partial<Policy>;
  readonly open?: OpenTraining;
  readonly sums?: readonly RoundSum[];
  readonly approved?: boolean | (() => boolean);
  readonly identity?: Identity;
  readonly out?: string;
  readonly clock?: Clock;
  /** Whether the coordinator acknowledges reports; by default it does. */
  readonly answers?: boolean;
  /** What is done while the disk takes nothing; by default, nothing waits. */
  readonly patience?: DiskPatience;
  /** What the site has accepted; by default the roster of `rosterOf`. */
  readonly roster?: () => Roster | undefined;
}

/** A runner on a home, with a link that only remembers. */
export async function makeRunner(options: RunnerOptions) {
  const study = options.study ?? makeStudy();
  const hash = studyHash(study);
  const policy = fixedPolicy(policySchema.parse(options.policy ?? {}));
  const identity = options.identity ?? createIdentity("aa", random);
  const store = await StudyStore.open(new Home(options.folder), study.name, hash, options.patience);
  const history = async ({ after }: { after: number }) => {
    const sums = (options.sums ?? []).filter(({ round }) => round > after);
    return { sums: sums.slice(0, 1), epochs: [], more: sums.length > 1 };
  };
  const accepted = rosterOf(identity);
  const roster = async () => (options.roster ? options.roster() : accepted);
  const seal = new StudySeal({ study, hash, identity, random, file: store.epochKeysFile, roster });
  const shared = { study, store, seal, roster, logger: silentLogger };
  const work = new StudyWork({ ...shared, history, open: options.open ?? stubTraining().open });
  const sums = new SumRunner({ ...shared, hash, identity, policy, random, work });
  const sent: Sent = { replies: [], failures: [], reports: [], progress: [], lines: [], over: [] };
  const runner = new RoundRunner({
    site: "aa",
    offer: { spec: study, hash },
    policy,
    store,
    work,
    sums,
    seal,
    roster,
    link: {
      reply: (reply) => void sent.replies.push(reply),
      progress: (progress) => void sent.progress.push(progress),
      failure: (failure) => void sent.failures.push(failure),
      report: (report, done) => {
        sent.reports.push(report);
        if (options.answers ?? true) done(true);
      },
    },
    clock: options.clock ?? clock,
    logger: silentLogger,
    approved: () => (typeof options.approved === "function" ? options.approved() : (options.approved ?? true)),
    show: () => {},
    say: (line) => void sent.lines.push(line),
    over: (reported) => void sent.over.push(reported),
    out: options.out,
  });
  const train = (reference: RoundReference) =>
    runner.receive({ phase: "training", reference, studyHash: hash, version: reference.round - 1 });
  const recruit = (reference: RoundReference, studyHash = hash) =>
    runner.receive({ phase: "recruiting", reference, studyHash, rosterHash: rosterHash(accepted), makeEpoch: false });
  const begin = (cohort: Cohort) => runner.receive({ phase: "advertiseKeys", cohort, epoch: null });
  return { runner, sent, store, work, seal, identity, study, hash, train, recruit, begin };
}

const peers = new Map<string, Identity>();
const lead = createIdentity("lead", random).sign;

/** The roster of the sites, with this identity among them: the same for the same identity. */
export function rosterOf(identity: Identity): Roster {
  const members = SITES.map((site) => {
    if (site === identity.site) return memberOf(identity);
    const peer = peers.get(site) ?? createIdentity(site, random);
    peers.set(site, peer);
    return memberOf(peer);
  });
  return signRoster(members, lead).roster;
}

export function reference(round: number, attempt = 1): RoundReference {
  return { study: "study", round, attempt };
}

/** A completed round in which nobody moved but by `first` in the first parameter. */
export function makeSum(round: number, values: Uint32Array): RoundSum {
  return { round, attempt: 1, survivors: SITES, cohortSize: 3, seal: null, sum: new Uint8Array(encodeRing(values)) };
}

/** A cohort of the first `size` sites, with this site's identity in it. */
export function makeCohort(
  identity: Identity,
  hash: string,
  parameters: number,
  overrides: Partial<Cohort> = {},
): Cohort {
  const { members } = rosterOf(identity);
  const threshold = defaultThreshold(members.length);
  const length = updateLength(parameters);
  return {
    reference: reference(1),
    studyHash: hash,
    rosterHash: rosterHash(rosterOf(identity)),
    seal: null,
    members,
    threshold,
    minSurvivors: 3,
    length,
    ...overrides,
  };
}

import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "@fedbaps/core/common/clock.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { updateLength } from "@fedbaps/core/federation/update.js";
import { defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import { createIdentity, type Identity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import type { Failure, Progress, Reply, RoundSum, SiteReport } from "@fedbaps/core/wire/messages.js";
import type { Cohort, RoundReference } from "@fedbaps/core/wire/secagg-messages.js";
import { type StudySpec, studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { type Policy, policySchema } from "@fedbaps/site-agent/policy.js";
import { RoundRunner } from "@fedbaps/site-agent/round-runner.js";
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
}

/** A runner on a home, with a link that only remembers. */
export async function makeRunner(options: RunnerOptions) {
  const study = options.study ?? makeStudy();
  const hash = studyHash(study);
  const policy = policySchema.parse(options.policy ?? {});
  const identity = options.identity ?? createIdentity("aa", random);
  const store = await StudyStore.open(new Home(options.folder), study.name, hash);
  const history = async ({ after }: { after: number }) => {
    const sums = (options.sums ?? []).filter(({ round }) => round > after);
    return { sums: sums.slice(0, 1), more: sums.length > 1 };
  };
  const shared = { study, store, logger: silentLogger };
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
    link: {
      reply: (reply) => void sent.replies.push(reply),
      progress: (progress) => void sent.progress.push(progress),
      failure: (failure) => void sent.failures.push(failure),
      report: (report, done) => {
        sent.reports.push(report);
        done(true);
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
  return { runner, sent, store, work, identity, study, hash, train };
}

export function reference(round: number, attempt = 1): RoundReference {
  return { study: "study", round, attempt };
}

/** A completed round in which nobody moved but by `first` in the first parameter. */
export function makeSum(round: number, values: Uint32Array): RoundSum {
  return { round, attempt: 1, survivors: SITES, cohortSize: 3, sum: new Uint8Array(encodeRing(values)) };
}

/** A cohort of the first `size` sites, with this site's identity in it. */
export function makeCohort(
  identity: Identity,
  hash: string,
  parameters: number,
  overrides: Partial<Cohort> = {},
): Cohort {
  const members = SITES.map((site) => memberOf(site === identity.site ? identity : createIdentity(site, random)));
  const threshold = defaultThreshold(members.length);
  const length = updateLength(parameters);
  return { reference: reference(1), studyHash: hash, members, threshold, minSurvivors: 3, length, ...overrides };
}

// Sites with all that a real one has but black box and network: roster, policy, journal, epoch keys, a trained round.
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { openSum, unsealSum } from "@fedbaps/core/federation/aggregation.js";
import { updateLength } from "@fedbaps/core/federation/update.js";
import { defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import { epochShareFor } from "@fedbaps/core/secagg/epoch.js";
import { createIdentity, type Identity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { rosterHash, signRoster } from "@fedbaps/core/secagg/roster.js";
import { SecAggServer } from "@fedbaps/core/secagg/server.js";
import { decodeRing } from "@fedbaps/core/wire/codec.js";
import type { EpochDeal } from "@fedbaps/core/wire/epoch.js";
import { type Instruction, instructionSchema, type Reply, replySchema } from "@fedbaps/core/wire/messages.js";
import type { Roster } from "@fedbaps/core/wire/roster.js";
import type { Cohort, KeyAdvertisement, UnmaskRequest } from "@fedbaps/core/wire/secagg-messages.js";
import { requiredSites, type StudySpec, studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { fixedPolicy } from "@fedbaps/site-agent/policy/live-policy.js";
import { type Policy, policySchema } from "@fedbaps/site-agent/policy.js";
import { StudySeal } from "@fedbaps/site-agent/study-seal.js";
import { StudyStore } from "@fedbaps/site-agent/study-store.js";
import { StudyWork } from "@fedbaps/site-agent/study-work.js";
import { type SumInstruction, SumRunner } from "@fedbaps/site-agent/sum-runner.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { stubTraining } from "../unit/site-agent/stub-training.js";
import { seededBytes } from "./parties.js";

/** Whoever answers instructions. */
export interface Party {
  readonly name: string;
  answer(instruction: Instruction): Promise<Reply>;
}

export interface SiteInit {
  readonly folder: string;
  readonly identity: Identity;
  readonly study: StudySpec;
  readonly roster: Roster;
  readonly policy: Partial<Policy>;
  readonly index: number;
}

/** A site as its own program runs it. Every message passes the wire's schemas, and every answer is remembered. */
export class HonestSite implements Party {
  readonly sent: Reply[] = [];

  private constructor(
    readonly init: SiteInit,
    readonly store: StudyStore,
    readonly seal: StudySeal,
    readonly sums: SumRunner,
    readonly work: StudyWork,
    /** The roster that it has accepted by now. */
    readonly accepted: { roster: Roster | undefined },
  ) {}

  /** On a folder that was used before, it is the site after a restart. */
  static async open(init: SiteInit): Promise<HonestSite> {
    const { folder, identity, study, index } = init;
    const hash = studyHash(study);
    const accepted: { roster: Roster | undefined } = { roster: init.roster };
    const roster = async () => accepted.roster;
    const random = seededBytes(700 + index);
    const store = await StudyStore.open(new Home(folder), study.name, hash);
    const seal = new StudySeal({ study, hash, identity, random, file: store.epochKeysFile, roster });
    const { open } = stubTraining({ target: index + 1, train: 10 * (index + 1) });
    const history = async () => ({ sums: [], epochs: [], more: false });
    const work = new StudyWork({ study, store, seal, logger: silentLogger, history, open });
    await work.train(1, new AbortController().signal, () => {});
    const policy = fixedPolicy(policySchema.parse(init.policy));
    const sums = new SumRunner({
      study,
      hash,
      identity,
      policy,
      random,
      store,
      work,
      seal,
      logger: silentLogger,
      roster,
    });
    return new HonestSite(init, store, seal, sums, work, accepted);
  }

  get name(): string {
    return this.init.identity.site;
  }

  async answer(instruction: Instruction): Promise<Reply> {
    const reply = await this.sums.answer(instructionSchema.parse(instruction) as SumInstruction);
    this.sent.push(replySchema.parse(reply));
    return reply;
  }

  restarted(): Promise<HonestSite> {
    return HonestSite.open(this.init);
  }
}

export const lead = createIdentity("lead", seededBytes(999)).sign;

export interface Federation {
  readonly study: StudySpec;
  readonly hash: string;
  readonly roster: Roster;
  readonly identities: readonly Identity[];
  readonly sites: readonly HonestSite[];
  readonly deal: EpochDeal;
}

/** Sites that have approved a study, accepted a roster and trained a round. The first has dealt the key. */
export async function federate(
  init: { size?: number; require?: number; study?: Partial<StudySpec>; policy?: Partial<Policy> } = {},
): Promise<Federation> {
  const { size = 4, require = 3, policy = {} } = init;
  const names = Array.from({ length: size }, (_, i) => `site-${i}`);
  const study = studySpecSchema.parse({
    name: "study",
    rounds: 3,
    personalShare: 0,
    budget: 1000,
    maxImages: 100,
    participation: { sites: names, require },
    ...init.study,
  });
  const identities = names.map((name, i) => createIdentity(name, seededBytes(100 + i)));
  const { roster } = signRoster(identities.map(memberOf), lead);
  const sites: HonestSite[] = [];
  for (const [index, identity] of identities.entries())
    sites.push(await HonestSite.open({ folder: await temporaryFolder(), identity, study, roster, policy, index }));
  const deal = (await sites[0].seal.deal(roster, 1)) as EpochDeal;
  return { study, hash: studyHash(study), roster, identities, sites, deal };
}

/** The coordinator's part of one attempt, phase by phase, so that a test can leave it where it likes. */
export class Attempt {
  readonly cohort: Cohort;
  readonly server: SecAggServer;

  constructor(
    readonly federation: Federation,
    attempt: number,
    readonly parties: readonly Party[] = federation.sites,
    change: Partial<Cohort> = {},
  ) {
    this.cohort = { ...cohortOf(federation, attempt, parties), ...change };
    this.server = new SecAggServer({ cohort: this.cohort });
  }

  get #reference() {
    return this.cohort.reference;
  }

  get names(): string[] {
    return this.parties.map(({ name }) => name);
  }

  begin(party: Party, cohort = this.cohort): Promise<Reply> {
    const epoch = cohort.seal === null ? null : (epochShareFor(this.federation.deal, party.name) ?? null);
    return party.answer({ phase: "advertiseKeys", cohort, epoch });
  }

  async advertise(): Promise<KeyAdvertisement[]> {
    for (const party of this.parties) {
      const reply = await this.begin(party);
      if (reply.phase === "advertiseKeys") this.server.receiveAdvertisement(reply.advertisement);
    }
    return this.server.closeAdvertise();
  }

  async share(): Promise<void> {
    const advertisements = await this.advertise();
    for (const party of this.parties) {
      const reply = await party.answer({ phase: "shareKeys", reference: this.#reference, advertisements });
      if (reply.phase === "shareKeys") this.server.receiveShares(party.name, reply.shares);
    }
    this.server.closeShares();
  }

  /** @returns the vectors as they arrived; those of `lost` are kept from the sum. */
  async mask(lost: readonly string[] = []): Promise<{ survivors: string[]; vectors: Map<string, Uint32Array> }> {
    await this.share();
    const vectors = new Map<string, Uint32Array>();
    for (const party of this.parties) {
      const shares = this.server.sharesFor(party.name);
      const reply = await party.answer({ phase: "maskedInput", reference: this.#reference, shares });
      if (reply.phase !== "maskedInput") continue;
      const vector = decodeRing(reply.vector, this.cohort.length);
      vectors.set(party.name, vector);
      if (!lost.includes(party.name)) this.server.receiveMaskedInput(party.name, vector);
    }
    return { survivors: this.server.closeMaskedInput(), vectors };
  }

  sign(party: Party, survivors: string[]): Promise<Reply> {
    return party.answer({ phase: "consistency", reference: this.#reference, survivors });
  }

  async confirm(lost: readonly string[] = []): Promise<UnmaskRequest> {
    const { survivors } = await this.mask(lost);
    for (const party of this.parties.filter(({ name }) => survivors.includes(name))) {
      const reply = await this.sign(party, survivors);
      if (reply.phase === "consistency") this.server.receiveConfirmation(reply.signature);
    }
    return this.server.closeConfirmations();
  }

  ask(party: Party, request: UnmaskRequest): Promise<Reply> {
    return party.answer({ phase: "unmask", reference: this.#reference, request });
  }

  async run(lost: readonly string[] = []): Promise<{ sum: Uint32Array; survivors: string[] }> {
    const request = await this.confirm(lost);
    for (const party of this.parties.filter(({ name }) => request.survivors.includes(name))) {
      const reply = await this.ask(party, request);
      if (reply.phase === "unmask") this.server.receiveRevealed(party.name, reply.shares);
    }
    return this.server.finish();
  }

  /** What a site makes of the sum. @throws UpdateError IMPOSSIBLE_SUM */
  async open({ sum, survivors }: { sum: Uint32Array; survivors: readonly string[] }) {
    const { sites, study, deal } = this.federation;
    const count = parameterCount(study.decoder);
    const key = await sites[0].seal.kept(deal.keyId);
    const opened = unsealSum(sum, count, { key, reference: this.#reference, survivors });
    const { clip, maxImages } = study;
    const cohortSize = this.cohort.members.length;
    return openSum({ sum: opened, parameterCount: count, cohortSize, survivors, clip, maxImages });
  }
}

export function cohortOf(
  { study, hash, roster, deal }: Federation,
  attempt: number,
  parties: readonly Party[],
): Cohort {
  const names = parties.map(({ name }) => name);
  const members = roster.members.filter(({ site }) => names.includes(site));
  const threshold = defaultThreshold(members.length);
  return {
    reference: { study: study.name, round: 1, attempt },
    studyHash: hash,
    rosterHash: rosterHash(roster),
    seal: study.sealed ? deal.keyId : null,
    members,
    threshold,
    minSurvivors: Math.max(threshold, requiredSites(study)),
    length: updateLength(parameterCount(study.decoder)),
  };
}

/** The mean update of these sites, worked out from what they trained. */
export async function meanOf(sites: readonly HonestSite[]): Promise<Float64Array> {
  let images = 0;
  let mean: Float64Array | undefined;
  for (const { work } of sites) {
    const trained = await work.trained(1);
    if (!trained) throw new Error("not trained");
    mean ??= new Float64Array(trained.delta.length);
    for (let i = 0; i < mean.length; i++) mean[i] += trained.images * trained.delta[i];
    images += trained.images;
  }
  return (mean ?? new Float64Array(0)).map((value) => value / images);
}

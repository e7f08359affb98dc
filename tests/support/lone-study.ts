import { parameterCount } from "@fedbaps/core/decoder/layouts.js";
import { packUpdate, sealedLength, updateLength } from "@fedbaps/core/federation/update.js";
import { SecAggClient } from "@fedbaps/core/secagg/client.js";
import { defaultThreshold } from "@fedbaps/core/secagg/cohort.js";
import { dealEpochKey, epochShareFor, openEpochShare } from "@fedbaps/core/secagg/epoch.js";
import { createIdentity, type Identity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { rosterHash, signRoster } from "@fedbaps/core/secagg/roster.js";
import { SecAggServer } from "@fedbaps/core/secagg/server.js";
import { decodeRing, encodeRing } from "@fedbaps/core/wire/codec.js";
import type { EpochDeal } from "@fedbaps/core/wire/epoch.js";
import type { Failure, Instruction, Reply, RoundSum, SiteReport } from "@fedbaps/core/wire/messages.js";
import type { Cohort } from "@fedbaps/core/wire/secagg-messages.js";
import { type StudySpec, studyHash } from "@fedbaps/core/wire/study.js";
import { seededBytes } from "../protocol/parties.js";

const random = seededBytes(4100);
const identities = ["aa", "bb", "cc"].map((site) => createIdentity(site, random));
const [own, ...peers] = identities;
const { roster } = signRoster(identities.map(memberOf), createIdentity("lead", random).sign);

/** The site that is tested, and what it has accepted. */
export const LONE = { identity: own, roster };

/** How the site under test is told something: it answers, fails, sends its report, or dies (undefined). */
export type Answer = Reply | Failure | SiteReport | undefined;
export type Ask = (instruction: Instruction) => Promise<Answer>;

type Unmask = Extract<Reply, { phase: "unmask" }>;

/**
 * A sealed study of one site under test and two that always answer, with the coordinator's part of it: an attempt in which
 * the site dies is given up, and made again with the next.
 */
export class LoneStudy {
  readonly hash: string;
  /** The completed rounds, as the coordinator hands them out. */
  readonly sums: RoundSum[] = [];
  /** All shares that the site under test revealed. */
  readonly revealed: Unmask[] = [];
  /** Why attempts ended, but for deaths. */
  readonly failures: Failure[] = [];
  readonly #deal: EpochDeal;
  readonly #key: Uint8Array;
  #attempt = 0;

  constructor(
    private readonly study: StudySpec,
    private readonly ask: Ask,
  ) {
    this.hash = studyHash(study);
    const scope = {
      studyHash: this.hash,
      roster,
      rosterHash: rosterHash(roster),
      sites: identities.map(({ site }) => site),
    };
    this.#deal = dealEpochKey(peers[0], scope, new Map(), random);
    const share = epochShareFor(this.#deal, peers[0].site);
    const keys = share && openEpochShare(peers[0], scope, share);
    this.#key = keys?.get(this.#deal.keyId) ?? new Uint8Array();
  }

  /** @returns the site's report. */
  async play(tries = 20): Promise<SiteReport> {
    const { name, rounds } = this.study;
    for (let round = 1; round <= rounds; ) {
      if (++this.#attempt > tries)
        throw new Error(`no end in ${tries} attempts: ${JSON.stringify(this.failures.slice(-3))}`);
      if (await this.#round(round)) round++;
    }
    for (let i = 0; i < tries; i++) {
      const report = await this.ask({ phase: "report", study: name, version: rounds, studyHash: this.hash });
      if (report && "deployed" in report) return report;
      if (report && "code" in report) this.failures.push(report);
    }
    throw new Error(`no report: ${JSON.stringify(this.failures.slice(-3))}`);
  }

  /** Asks for an answer of one phase. @returns undefined when the attempt has ended without */
  async #reply<P extends Reply["phase"]>(
    instruction: Instruction,
    phase: P,
  ): Promise<Extract<Reply, { phase: P }> | undefined> {
    const answer = await this.ask(instruction);
    if (answer && "phase" in answer && answer.phase === phase) return answer as Extract<Reply, { phase: P }>;
    if (answer && "code" in answer) this.failures.push(answer);
    return undefined;
  }

  async #round(round: number): Promise<boolean> {
    const reference = { study: this.study.name, round, attempt: this.#attempt };
    const common = { reference, studyHash: this.hash };
    const recruit = { phase: "recruiting", ...common, rosterHash: rosterHash(roster), makeEpoch: false } as const;
    if (!(await this.#reply(recruit, "recruiting"))) return false;
    if (!(await this.#reply({ phase: "training", ...common, version: round - 1 }, "training"))) return false;

    const cohort = this.#cohort(reference);
    const clients = peers.map((identity) => this.#client(identity, cohort));
    const server = new SecAggServer({ cohort });
    const epoch = epochShareFor(this.#deal, own.site) ?? null;
    const begun = await this.#reply({ phase: "advertiseKeys", cohort, epoch }, "advertiseKeys");
    if (!begun) return false;
    for (const advertisement of [begun.advertisement, ...clients.map((client) => client.advertiseKeys())])
      server.receiveAdvertisement(advertisement);
    const advertisements = server.closeAdvertise();
    const dealt = await this.#reply({ phase: "shareKeys", reference, advertisements }, "shareKeys");
    if (!dealt) return false;
    server.receiveShares(own.site, dealt.shares);
    for (const [i, client] of clients.entries())
      server.receiveShares(peers[i].site, await client.shareKeys(advertisements));
    server.closeShares();
    const shares = server.sharesFor(own.site);
    const masked = await this.#reply({ phase: "maskedInput", reference, shares }, "maskedInput");
    if (!masked) return false;
    server.receiveMaskedInput(own.site, decodeRing(masked.vector, cohort.length));
    for (const [i, client] of clients.entries())
      server.receiveMaskedInput(
        peers[i].site,
        client.maskInput(server.sharesFor(peers[i].site), this.#nothing(cohort)),
      );
    const survivors = server.closeMaskedInput();
    const signed = await this.#reply({ phase: "consistency", reference, survivors }, "consistency");
    if (!signed) return false;
    for (const signature of [signed.signature, ...clients.map((client) => client.confirmSurvivors(survivors))])
      server.receiveConfirmation(signature);
    const request = server.closeConfirmations();
    const opened = await this.#reply({ phase: "unmask", reference, request }, "unmask");
    if (!opened) return false;
    this.revealed.push(opened);
    server.receiveRevealed(own.site, opened.shares);
    for (const [i, client] of clients.entries()) server.receiveRevealed(peers[i].site, client.unmask(request));
    const { sum } = await server.finish();
    const { attempt } = reference;
    const bytes = new Uint8Array(encodeRing(sum));
    this.sums.push({ round, attempt, survivors, cohortSize: 3, seal: this.#deal.keyId, sum: bytes });
    return true;
  }

  #cohort(reference: Cohort["reference"]): Cohort {
    const { members } = roster;
    return {
      reference,
      studyHash: this.hash,
      rosterHash: rosterHash(roster),
      seal: this.#deal.keyId,
      members,
      threshold: defaultThreshold(members.length),
      minSurvivors: 3,
      length: updateLength(this.#parameters),
    };
  }

  #client(identity: Identity, cohort: Cohort): SecAggClient {
    const seal = { key: this.#key, length: sealedLength(this.#parameters) };
    return new SecAggClient({ identity, cohort, random, seal });
  }

  /** The update of a site that did not move. */
  #nothing({ members }: Cohort): Uint32Array {
    const { clip, maxImages } = this.study;
    const delta = new Float32Array(this.#parameters);
    return packUpdate({ delta, clip, images: 10, maxImages, metrics: {}, cohortSize: members.length });
  }

  get #parameters(): number {
    return parameterCount(this.study.decoder);
  }
}

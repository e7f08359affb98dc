import { Round } from "@fedbaps/core/federation/round.js";
import type { RoundInit, SumServer } from "@fedbaps/core/federation/round-state.js";
import { SecAggError } from "@fedbaps/core/secagg/errors.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import type { Reply, ReplyPhase } from "@fedbaps/core/wire/messages.js";
import type { Cohort, Member } from "@fedbaps/core/wire/secagg-messages.js";
import { studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";

const key = Buffer.alloc(32, 7).toString("base64");
const signature = Buffer.alloc(64, 7).toString("base64");
export const LENGTH = 3;

export function siteNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `site-${i + 1}`);
}

export function makeMember(site: string): Member {
  return { site, signKey: key, boxKey: key };
}

/** A secure sum that believes everything: the round's own rules are what is tested. A vector of 666 is refused. */
export class TrustingSum implements SumServer {
  expected: readonly string[];
  readonly #answered = new Set<string>();
  readonly #sum = new Uint32Array(LENGTH);
  #survivors: string[] = [];

  constructor(private readonly cohort: Cohort) {
    this.expected = cohort.members.map((member) => member.site);
  }

  receiveAdvertisement({ site }: { site: string }) {
    this.#answered.add(site);
  }
  receiveShares(site: string) {
    this.#answered.add(site);
  }
  receiveMaskedInput(site: string, vector: Uint32Array) {
    if (vector[0] === 666) throw new SecAggError("BAD_LENGTH", "refused");
    vector.forEach((value, i) => {
      this.#sum[i] += value;
    });
    this.#answered.add(site);
  }
  receiveConfirmation({ site }: { site: string }) {
    this.#answered.add(site);
  }
  receiveRevealed(site: string) {
    this.#answered.add(site);
  }
  closeAdvertise() {
    return this.#close(this.cohort.minSurvivors).map((site) => ({ site, shareKey: key, maskKey: key, signature }));
  }
  closeShares() {
    this.#close(this.cohort.minSurvivors);
  }
  sharesFor() {
    return [];
  }
  closeMaskedInput() {
    this.#survivors = this.#close(this.cohort.minSurvivors);
    return this.#survivors;
  }
  closeConfirmations() {
    this.#close(this.cohort.threshold);
    return { survivors: this.#survivors, dropped: [], signatures: [] };
  }
  async finish() {
    if (this.#answered.size < this.cohort.threshold) throw new SecAggError("TOO_FEW_SITES", "too few");
    return { sum: this.#sum, survivors: this.#survivors };
  }

  #close(needed: number): string[] {
    const sites = this.expected.filter((site) => this.#answered.has(site));
    if (sites.length < needed) throw new SecAggError("TOO_FEW_SITES", "too few");
    this.#answered.clear();
    this.expected = sites;
    return sites;
  }
}

/** A round of `count` sites at time 0, silence after 60 s. */
export function makeRound(count: number, require: "all" | number = "all", overrides: Partial<RoundInit> = {}): Round {
  const study = studySpecSchema.parse({
    name: "study",
    participation: { sites: siteNames(count), require },
    silenceSeconds: 60,
  });
  return new Round({
    reference: { study: "study", round: 1, attempt: 2 },
    study,
    studyHash: studyHash(study),
    rosterHash: "cd".repeat(32),
    sealKey: () => "ef".repeat(32),
    members: siteNames(count).map(makeMember),
    version: 0,
    vectorLength: LENGTH,
    now: 0,
    createServer: (cohort) => new TrustingSum(cohort),
    ...overrides,
  });
}

/** The answer of a site to a phase. */
export function makeReply(phase: ReplyPhase, site: string, vector = [1, 2, 3]): Reply {
  const reference = { study: "study", round: 1, attempt: 2 };
  switch (phase) {
    case "recruiting":
      return { phase, reference, ready: true };
    case "training":
      return { phase, reference, queries: 10 };
    case "advertiseKeys":
      return { phase, reference, advertisement: { site, shareKey: key, maskKey: key, signature } };
    case "shareKeys":
      return { phase, reference, shares: [] };
    case "maskedInput":
      return { phase, reference, vector: new Uint8Array(encodeRing(Uint32Array.from(vector))) };
    case "consistency":
      return { phase, reference, signature: { site, signature } };
    case "unmask":
      return { phase, reference, shares: [] };
  }
}

/** Lets these sites answer the open phase, in order. */
export async function answer(round: Round, sites: readonly string[], now: number): Promise<void> {
  const phase = round.phase as ReplyPhase;
  for (const site of sites) await round.receive(site, makeReply(phase, site), now);
}

/** A round that has just come to this phase, at time 0, by everybody's answers. */
export async function advanceTo(
  phase: ReplyPhase,
  sites: readonly string[],
  round = makeRound(sites.length),
): Promise<Round> {
  while (round.phase !== phase) await answer(round, sites, 0);
  return round;
}

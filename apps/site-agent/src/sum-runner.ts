import type { Logger } from "@fedbaps/core/common/logger.js";
import { packUpdate, type SiteMetrics, sealedLength, updateLength } from "@fedbaps/core/federation/update.js";
import { type SealInit, SecAggClient } from "@fedbaps/core/secagg/client.js";
import type { Identity, RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { checkAgainstRoster } from "@fedbaps/core/secagg/roster.js";
import { digestOf } from "@fedbaps/core/secagg/step.js";
import { encodeRing } from "@fedbaps/core/wire/codec.js";
import type { EpochShare } from "@fedbaps/core/wire/epoch.js";
import type { Instruction, Reply } from "@fedbaps/core/wire/messages.js";
import type { Roster } from "@fedbaps/core/wire/roster.js";
import type { Cohort, RoundReference } from "@fedbaps/core/wire/secagg-messages.js";
import { requiredSites, type StudySpec } from "@fedbaps/core/wire/study.js";
import { AgentError } from "./errors.js";
import type { PolicySource } from "./policy/live-policy.js";
import { ruleText } from "./policy.js";
import { guardReveal } from "./reveal-guard.js";
import { requireRoster } from "./roster-files.js";
import type { StudySeal } from "./study-seal.js";
import type { StudyStore } from "./study-store.js";
import type { StudyWork } from "./study-work.js";

export type SumInstruction = Extract<
  Instruction,
  { phase: "advertiseKeys" | "shareKeys" | "maskedInput" | "consistency" | "unmask" }
>;

export interface SumRunnerInit {
  readonly study: StudySpec;
  readonly hash: string;
  readonly identity: Identity;
  readonly policy: PolicySource;
  readonly random: RandomBytes;
  readonly store: StudyStore;
  readonly work: StudyWork;
  readonly seal: StudySeal;
  readonly logger: Logger;
  /** The roster that this site has accepted by now. */
  roster(): Promise<Roster | undefined>;
}

interface Attempt {
  readonly cohort: Cohort;
  readonly digest: string;
  readonly client: SecAggClient;
}

/** This site's part of the secure sums of one study. The secrets of an attempt live in memory only, for that attempt. */
export class SumRunner {
  #attempt: Attempt | undefined;

  constructor(private readonly init: SumRunnerInit) {}

  /** @throws AgentError, SecAggError, UpdateError: nothing is sent then. */
  async answer(instruction: SumInstruction): Promise<Reply> {
    if (instruction.phase === "advertiseKeys") {
      const { cohort, epoch } = instruction;
      const client = await this.#begin(cohort, epoch);
      return { phase: "advertiseKeys", reference: cohort.reference, advertisement: client.advertiseKeys() };
    }
    const { reference } = instruction;
    const { client, cohort } = this.#require(reference);
    switch (instruction.phase) {
      case "shareKeys":
        return { phase: "shareKeys", reference, shares: await client.shareKeys(instruction.advertisements) };
      case "maskedInput": {
        const vector = client.maskInput(instruction.shares, await this.#input(cohort));
        return { phase: "maskedInput", reference, vector: new Uint8Array(encodeRing(vector)) };
      }
      case "consistency":
        this.#guard(reference, instruction.survivors);
        return { phase: "consistency", reference, signature: client.confirmSurvivors(instruction.survivors) };
      case "unmask": {
        this.#guard(reference, instruction.request.survivors);
        const shares = client.unmask(instruction.request);
        await this.#recordReveal(reference, instruction.request);
        return { phase: "unmask", reference, shares };
      }
    }
  }

  /** Wipes the secrets of the attempt in hand. */
  forget(): void {
    this.#attempt?.client.clean();
    this.#attempt = undefined;
  }

  async #begin(cohort: Cohort, epoch: EpochShare | null): Promise<SecAggClient> {
    const digest = digestOf(cohort);
    const current = this.#attempt;
    if (current && sameAttempt(current.cohort.reference, cohort.reference)) {
      if (current.digest === digest) return current.client;
      throw refused(cohort, "the coordinator changed it within one attempt");
    }
    this.#refuseAgain(cohort.reference);
    const roster = requireRoster(await this.init.roster(), cohort.rosterHash);
    checkAgainstRoster(cohort, roster);
    await this.#check(cohort);
    const seal = await this.#sealOf(cohort, epoch, roster);
    this.forget();
    const { identity, random } = this.init;
    const client = new SecAggClient({ identity, cohort, random, ...(seal ? { seal } : {}) });
    this.#attempt = { cohort, digest, client };
    return client;
  }

  /** A study that was approved as sealed is sealed, with a key that this site holds. */
  async #sealOf(cohort: Cohort, epoch: EpochShare | null, roster: Roster): Promise<SealInit | undefined> {
    const { study, seal, work } = this.init;
    if (!study.sealed) {
      if (cohort.seal !== null) throw refused(cohort, "it is sealed, the study that was approved is not");
      return undefined;
    }
    if (cohort.seal === null) throw refused(cohort, "it is not sealed, the study that was approved is");
    const key = await seal.key(cohort.seal, epoch, roster);
    const trained = await work.trained(cohort.reference.round);
    return { key, length: sealedLength(trained?.delta.length ?? 0) };
  }

  /**
   * An attempt's seals come from its number. A second sum under the same number and seals, in a cohort of another size
   * and so on another scale, would give the sum away by the difference.
   */
  #refuseAgain({ round, attempt }: RoundReference): void {
    if (this.init.store.records("revealed").some((entry) => entry.round === round && entry.attempt === attempt))
      throw new AgentError(
        "REVEAL_CONFLICT",
        `round ${round}: this site has revealed shares for attempt ${attempt} before; it takes part in the next attempt`,
        { round, attempt },
      );
  }

  #guard(reference: RoundReference, survivors: readonly string[]): void {
    const { store, policy } = this.init;
    guardReveal(store.records("revealed"), reference, survivors, policy.rules.minCohort);
  }

  /** What this site insists on before the first key; the rest is checked by `SecAggClient`. */
  async #check(cohort: Cohort): Promise<void> {
    const { study, hash, policy, work } = this.init;
    const { reference, members, minSurvivors, length } = cohort;
    if (cohort.studyHash !== hash) throw refused(cohort, "it belongs to another text of the study than was approved");
    const trained = await work.trained(reference.round);
    if (!trained)
      throw new AgentError("NO_UPDATE", `this site has no update for round ${reference.round} of ${study.name}`);
    const own = policy.rules.minCohort;
    const rule = ruleText(policy.rules, "minCohort");
    if (members.length < own) throw refused(cohort, `it has ${members.length} sites; ${rule}`);
    if (minSurvivors < own) throw refused(cohort, `it would reveal a sum over ${minSurvivors} sites; ${rule}`);
    const required = requiredSites(study);
    if (minSurvivors < required) throw refused(cohort, `the study needs ${required} sites in every sum`);
    const strangers = members.filter(({ site }) => !study.participation.sites.includes(site));
    if (strangers.length > 0) throw refused(cohort, `${strangers[0].site} is not among the study's sites`);
    const expected = updateLength(trained.delta.length);
    if (length !== expected) throw refused(cohort, `its vectors have ${length} elements instead of ${expected}`);
  }

  #require(reference: RoundReference): Attempt {
    if (!this.#attempt || !sameAttempt(this.#attempt.cohort.reference, reference))
      throw new AgentError(
        "CLIENT_STATE_LOST",
        `the keys of round ${reference.round}, attempt ${reference.attempt} are gone; this site joins the next attempt`,
      );
    return this.#attempt;
  }

  async #input({ reference, members }: Cohort): Promise<Uint32Array> {
    const { study, work } = this.init;
    const trained = await work.trained(reference.round);
    if (!trained) throw new AgentError("NO_UPDATE", `the update of round ${reference.round} is gone`);
    const { delta, images, lossSum, lossCount } = trained;
    const metrics = this.#metrics(reference.round - 1, lossCount > 0 ? lossSum / lossCount : undefined);
    const { clip, maxImages } = study;
    return packUpdate({ delta, clip, images, maxImages, metrics, cohortSize: members.length });
  }

  #metrics(version: number, trainLoss: number | undefined): SiteMetrics {
    const { policy, work } = this.init;
    if (policy.rules.metrics === "none") return {};
    const valDice = work.valDice(version);
    const zeroShotValDice = work.valDice(0);
    return {
      ...(valDice === undefined ? {} : { valDice }),
      ...(zeroShotValDice === undefined ? {} : { zeroShotValDice }),
      ...(trainLoss === undefined ? {} : { trainLoss }),
    };
  }

  /** Shares of others' secrets cannot be taken back: what is revealed is on the disk before it leaves. */
  async #recordReveal(
    { round, attempt }: RoundReference,
    { survivors, dropped }: { survivors: string[]; dropped: string[] },
  ): Promise<void> {
    const { store } = this.init;
    if (store.records("revealed").some((entry) => entry.round === round && entry.attempt === attempt)) return;
    await store.record({ kind: "revealed", round, attempt, survivors, dropped });
  }
}

function sameAttempt(a: RoundReference, b: RoundReference): boolean {
  return a.study === b.study && a.round === b.round && a.attempt === b.attempt;
}

function refused({ reference }: Cohort, why: string): AgentError {
  return new AgentError("BAD_COHORT", `the cohort of round ${reference.round} is refused: ${why}`, { ...reference });
}

import type { Logger } from "@fedbaps/core/common/logger.js";
import { applyMean, openSum, unsealSum } from "@fedbaps/core/federation/aggregation.js";
import { updateLength } from "@fedbaps/core/federation/update.js";
import { decodeRing } from "@fedbaps/core/wire/codec.js";
import type { HistoryPage, HistoryRequest, RoundSum } from "@fedbaps/core/wire/messages.js";
import type { StudySpec } from "@fedbaps/core/wire/study.js";
import { AgentError } from "./errors.js";
import type { StudySeal } from "./study-seal.js";
import type { StudyStore } from "./study-store.js";

export type FetchHistory = (request: HistoryRequest, signal: AbortSignal) => Promise<HistoryPage>;

export interface StudyModelInit {
  readonly study: StudySpec;
  readonly store: StudyStore;
  readonly history: FetchHistory;
  readonly seal: StudySeal;
  readonly logger: Logger;
}

/**
 * The shared model by version: version 0 is the initial decoder, version v adds the mean update of round v. It is made at
 * the site out of the rounds' sums, which are integers: every site gets the same bits.
 */
export class StudyModel {
  constructor(private readonly init: StudyModelInit) {}

  /**
   * The parameters after `version` completed rounds; fetches the sums that are not here yet.
   * @throws AgentError BAD_HISTORY; UpdateError IMPOSSIBLE_SUM
   */
  async theta(version: number, initial: Float32Array, signal: AbortSignal): Promise<Float32Array> {
    const { store } = this.init;
    let have = 0;
    let theta = initial;
    for (const stored of await store.versions()) {
      const found = stored > version ? undefined : await store.version(stored);
      if (!found || found.length !== initial.length) continue;
      have = stored;
      theta = found;
      break;
    }
    while (have < version) {
      const page = await this.init.history({ study: this.init.study.name, after: have }, signal);
      if (page.sums.length === 0) throw this.#missing(have + 1);
      await this.init.seal.learnFrom(page.epochs);
      for (const sum of page.sums) {
        if (have === version) break;
        if (sum.round !== have + 1) throw this.#missing(have + 1);
        theta = await this.#apply(theta, sum);
        have = sum.round;
        await store.saveVersion(have, theta);
      }
    }
    return theta;
  }

  async #apply(theta: Float32Array, round: RoundSum): Promise<Float32Array> {
    const { clip, maxImages } = this.init.study;
    const { cohortSize, survivors } = round;
    const opened = openSum({
      sum: await this.#unsealed(round, theta.length),
      parameterCount: theta.length,
      cohortSize,
      survivors,
      clip,
      maxImages,
    });
    return applyMean(theta, opened.meanUpdate);
  }

  async #unsealed({ sum, seal, survivors, round, attempt }: RoundSum, parameterCount: number): Promise<Uint32Array> {
    const { study } = this.init;
    const ring = decodeRing(sum, updateLength(parameterCount));
    if (study.sealed !== (seal !== null))
      throw new AgentError(
        "BAD_HISTORY",
        `the sum of round ${round} is ${seal === null ? "not sealed" : "sealed"}, against the study`,
      );
    if (seal === null) return ring;
    const reference = { study: study.name, round, attempt };
    return unsealSum(ring, parameterCount, { key: await this.init.seal.kept(seal), reference, survivors });
  }

  #missing(round: number): AgentError {
    const { name } = this.init.study;
    return new AgentError("BAD_HISTORY", `the coordinator does not have the sum of round ${round} of ${name}`, {
      study: name,
      round,
    });
  }
}

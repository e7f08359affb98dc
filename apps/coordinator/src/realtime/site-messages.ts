import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { RoundError } from "@fedbaps/core/federation/round-state.js";
import type { Failure, HistoryPage, HistoryRequest, Progress, Reply, SiteReport } from "@fedbaps/core/wire/messages.js";
import { HISTORY_PAGE_BYTES } from "../config.js";
import type { Studies } from "../rounds/studies.js";
import type { EpochRepository } from "../store/epoch-repository.js";
import type { RoundRepository } from "../store/round-repository.js";
import type { StudyRepository, StudyRow } from "../store/study-repository.js";

export interface SiteMessagesComponents {
  readonly studies: Studies;
  readonly studyRepository: StudyRepository;
  readonly rounds: RoundRepository;
  readonly epochs: EpochRepository;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What an admitted site may say, one method a message. Each rejects with the code that the site is told. */
export class SiteMessages {
  constructor(private readonly components: SiteMessagesComponents) {}

  /** The site has connected: it hears what it is offered and asked. */
  admitted(site: string): Promise<void> {
    this.components.studies.heard(site);
    return this.components.studies.refresh(site);
  }

  async approvals(site: string, hashes: string[]): Promise<void> {
    this.components.studies.heard(site);
    await this.components.studies.setApprovals(site, hashes);
  }

  async reply(site: string, reply: Reply): Promise<void> {
    const study = await this.#studyOf(site, reply.reference.study);
    const driver = this.components.studies.driver(study.name);
    if (driver === undefined) throw new RoundError("STALE", `study ${study.name} is not running`);
    await driver.receive(site, reply);
  }

  async progress(site: string, progress: Progress): Promise<void> {
    const study = await this.#studyOf(site, progress.reference.study);
    await this.components.studies.driver(study.name)?.progress(site, progress);
  }

  async failure(site: string, failure: Failure): Promise<void> {
    const { studies, studyRepository, clock } = this.components;
    const study = await this.#studyOf(site, failure.study);
    if (failure.stage === "report" && study.version >= study.spec.rounds)
      await studyRepository.saveReportFailure(site, failure, clock.now());
    await studies.driver(study.name)?.failed(site, failure);
  }

  /** A report counts whenever it comes, but for a study that was given up. */
  async report(site: string, report: SiteReport): Promise<void> {
    const { studies, studyRepository, clock, logger } = this.components;
    const study = await this.#studyOf(site, report.study);
    if (study.status === "aborted") throw new RoundError("STALE", `study ${study.name} was given up`);
    if (study.version < study.spec.rounds) throw new RoundError("TOO_EARLY", `study ${study.name} has rounds to come`);
    await studyRepository.saveReport(site, report, clock.now());
    logger.info("site-reported", { study: study.name, site });
    if (study.status === "running") await studies.driver(study.name)?.reported(site);
  }

  async history(site: string, { study, after }: HistoryRequest): Promise<HistoryPage> {
    const { name } = await this.#studyOf(site, study);
    this.components.studies.heard(site);
    const page = await this.components.rounds.history(name, after, HISTORY_PAGE_BYTES);
    return { ...page, epochs: await this.components.epochs.sharesFor(name, site) };
  }

  /** The study, if this site takes part in it; else it might as well not exist. */
  async #studyOf(site: string, name: string): Promise<StudyRow> {
    const { studyRepository } = this.components;
    const study = await studyRepository.find(name);
    if (study === undefined || !(await studyRepository.approvals(study)).includes(site))
      throw new RoundError("NOT_IN_ROUND", `${site} takes no part in study ${name}`);
    return study;
  }
}

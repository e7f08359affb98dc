import type { Clock } from "@fedbaps/core/common/clock.js";
import { codeOf, FedBapsError } from "@fedbaps/core/common/errors.js";
import { canonicalJson, sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import { RoundError } from "@fedbaps/core/federation/round-state.js";
import {
  type Failure,
  failureSchema,
  type HistoryPage,
  type HistoryRequest,
  historyRequestSchema,
  progressSchema,
  replySchema,
  type SiteReport,
  siteReportSchema,
} from "@fedbaps/core/wire/messages.js";
import { digestSchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { HISTORY_PAGE_BYTES } from "../config.js";
import { CoordinatorError } from "../errors.js";
import type { RoundDriver } from "../rounds/round-driver.js";
import type { Studies } from "../rounds/studies.js";
import type { EpochRepository } from "../store/epoch-repository.js";
import type { RoundRepository } from "../store/round-repository.js";
import type { StudyRepository, StudyRow } from "../store/study-repository.js";
import type { Cluster } from "./cluster.js";

export interface SiteMessagesComponents {
  readonly studies: Studies;
  readonly studyRepository: StudyRepository;
  readonly rounds: RoundRepository;
  readonly epochs: EpochRepository;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often a message for a study that another process drives is sent there. */
const TRIES = 5;

const schemas = {
  approvals: z.strictObject({ hashes: z.array(digestSchema).max(1000) }),
  reply: replySchema,
  progress: progressSchema,
  report: siteReportSchema,
  failure: failureSchema,
  history: historyRequestSchema,
};
export type SiteEvent = keyof typeof schemas;
export const SITE_EVENTS = Object.keys(schemas) as SiteEvent[];

/** A message of a site that has the right shape. */
export type SiteMessage = {
  [Event in SiteEvent]: { readonly event: Event; readonly message: z.infer<(typeof schemas)[Event]> };
}[SiteEvent];

/** What an admitted site may say, one method a message. Each rejects with the code that the site is told. */
export class SiteMessages {
  constructor(private readonly components: SiteMessagesComponents) {}

  /** The site has connected: it hears what it is offered and asked. */
  async admitted(site: string): Promise<void> {
    this.components.studies.heard(site);
    await this.components.studies.refresh(site);
  }

  /** Parses a message; undefined for what is none. */
  read(event: string, message: unknown): SiteMessage | undefined {
    if (!Object.hasOwn(schemas, event)) return undefined;
    const parsed = schemas[event as SiteEvent].safeParse(message);
    return parsed.success ? ({ event, message: parsed.data } as SiteMessage) : undefined;
  }

  /** Takes a message at the process that the site is connected to. @returns what the site is answered, if not only "ok". */
  async handle(site: string, { event, message }: SiteMessage): Promise<HistoryPage | undefined> {
    const { studies } = this.components;
    switch (event) {
      case "approvals":
        studies.heard(site);
        await studies.setApprovals(site, message.hashes);
        return undefined;
      case "reply":
        await this.#drive(site, message.reference.study, { event, message });
        return undefined;
      case "progress":
        await this.#drive(site, message.reference.study, { event, message });
        return undefined;
      case "failure":
        await this.#failure(site, message);
        return undefined;
      case "report":
        await this.#report(site, message);
        return undefined;
      case "history":
        return this.#history(site, message);
    }
  }

  /**
   * Takes a message that reached another process, for a study that this one drives.
   * @throws CoordinatorError NOT_DRIVEN when it does not
   */
  async handleHere(site: string, event: string, message: unknown): Promise<void> {
    const read = this.read(event, message);
    if (read === undefined || !("study" in read.message || "reference" in read.message))
      throw new CoordinatorError("BAD_REQUEST", "another replica sent a message that is none");
    const name = "study" in read.message ? read.message.study : read.message.reference.study;
    const driver = this.components.studies.driver(name);
    if (driver === undefined) throw notDriven(name);
    await this.#give(driver, site, read);
  }

  async #failure(site: string, failure: Failure): Promise<void> {
    const { studyRepository, clock } = this.components;
    const study = await this.#studyOf(site, failure.study);
    if (failure.stage === "report" && study.version >= study.spec.rounds)
      await studyRepository.saveReportFailure(site, failure, clock.now());
    if (study.status === "running") await this.#drive(site, study.name, { event: "failure", message: failure });
  }

  /** A report counts whenever it comes, but for a study that was given up. */
  async #report(site: string, report: SiteReport): Promise<void> {
    const { studies, logger } = this.components;
    const study = await this.#studyOf(site, report.study);
    if (study.status === "aborted") throw new RoundError("STALE", `study ${study.name} was given up`);
    if (study.version < study.spec.rounds) throw new RoundError("TOO_EARLY", `study ${study.name} has rounds to come`);
    await studies.reported(site, report, sha256Hex("fedbaps/report/1", canonicalJson(report)));
    logger.info("site-reported", { study: study.name, site });
    if (study.status !== "running") return;
    try {
      await this.#drive(site, study.name, { event: "report", message: report });
    } catch (error) {
      // The report is stored: that it cannot be told to a driver that has just ended, or that changes, is no refusal.
      if (!(error instanceof FedBapsError)) throw error;
      studies.attend();
    }
  }

  async #history(site: string, { study, after }: HistoryRequest): Promise<HistoryPage> {
    const { name } = await this.#studyOf(site, study);
    this.components.studies.heard(site);
    const page = await this.components.rounds.history(name, after, HISTORY_PAGE_BYTES);
    return { ...page, epochs: await this.components.epochs.sharesFor(name, site) };
  }

  /**
   * Hands a message to the driver of its study, wherever that is.
   * @throws RoundError; CoordinatorError NOT_DRIVEN when for the moment nobody drives it
   */
  async #drive(site: string, name: string, read: SiteMessage): Promise<void> {
    const { studies, cluster } = this.components;
    for (let tries = 0; ; ) {
      const driver = studies.driver(name);
      if (driver !== undefined) {
        if (!driver.knows(site)) throw notInRound(site, name);
        return this.#give(driver, site, read);
      }
      await this.#studyOf(site, name);
      const where = await studies.locate(name);
      if (where === "here") continue;
      if (where === undefined) {
        if (read.event !== "reply") return;
        throw new RoundError("STALE", `study ${name} is not running`);
      }
      try {
        await cluster.ask(where, { kind: "message", site, event: read.event, message: read.message }, sizeOf(read));
        return;
      } catch (error) {
        // It may have been lost on the way, or the other is gone: a message that is taken twice does no harm.
        if (codeOf(error) !== "NOT_DRIVEN" || ++tries === TRIES) throw error;
      }
    }
  }

  #give(driver: RoundDriver, site: string, { event, message }: SiteMessage): Promise<void> {
    switch (event) {
      case "reply":
        return driver.receive(site, message);
      case "progress":
        return driver.progress(site, message);
      case "failure":
        return driver.failed(site, message);
      case "report":
        return driver.reported(site);
      default:
        return Promise.resolve();
    }
  }

  /** The study, if this site takes part in it; else it might as well not exist. */
  async #studyOf(site: string, name: string): Promise<StudyRow> {
    const { studyRepository } = this.components;
    const study = await studyRepository.find(name);
    if (study === undefined || !(await studyRepository.hasApproved(study, site))) throw notInRound(site, name);
    return study;
  }
}

/** About how many bytes a message has. */
function sizeOf({ message }: SiteMessage): number {
  return "vector" in message ? message.vector.length : 0;
}

function notInRound(site: string, study: string): RoundError {
  return new RoundError("NOT_IN_ROUND", `${site} takes no part in study ${study}`);
}

function notDriven(study: string): CoordinatorError {
  return new CoordinatorError("NOT_DRIVEN", `no process drives study ${study} at this moment`, { study });
}

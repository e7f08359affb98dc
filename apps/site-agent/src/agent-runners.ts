import type { StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { AgentComponents } from "./agent-components.js";
import type { Connection } from "./connection.js";
import { WaitingForDisk } from "./disk-patience.js";
import { acceptedRoster } from "./roster-files.js";
import { RoundRunner } from "./round-runner.js";
import type { RunnerLink } from "./runner-link.js";
import { StudySeal } from "./study-seal.js";
import { StudyStore } from "./study-store.js";
import { StudyWork } from "./study-work.js";
import { SumRunner } from "./sum-runner.js";

export interface RunnersInit {
  /** Where else results go. */
  readonly out?: string | undefined;
  /** Whether the site's approval of this text of a study stands, and its policy allows it. */
  approved(hash: string): boolean;
  over(study: string, reported: boolean): void;
}

/** The runners of an agent, one for each study that it works on. */
export class Runners {
  readonly #runners = new Map<string, RoundRunner>();

  constructor(
    private readonly components: AgentComponents,
    private readonly connection: Connection,
    private readonly init: RunnersInit,
  ) {}

  all(): RoundRunner[] {
    return [...this.#runners.values()];
  }

  /** @param hash of the study's text */
  get(hash: string): RoundRunner | undefined {
    return this.#runners.get(hash);
  }

  /** @throws AgentError JOURNAL_DAMAGED, and what keeps the study's folder from being opened */
  async open(offer: StudyOffer): Promise<RoundRunner> {
    const { home, identity, policy, clock, random, logger, openTraining, show, say, state } = this.components;
    const { spec: study, hash } = offer;
    const patience = new WaitingForDisk({ clock, logger, study: study.name, say });
    const store = await StudyStore.open(home, study.name, hash, patience);
    const history = this.connection.history.bind(this.connection);
    const roster = () => acceptedRoster(home);
    const seal = new StudySeal({ study, hash, identity, random, file: store.epochKeysFile, roster });
    const work = new StudyWork({ study, store, history, seal, logger, open: openTraining });
    const sums = new SumRunner({ study, hash, identity, policy, random, store, work, seal, logger, roster });
    const runner = new RoundRunner({
      site: identity.site,
      offer,
      policy,
      store,
      work,
      sums,
      seal,
      roster,
      link: this.#linkOf(study.name),
      clock,
      logger,
      approved: () => this.init.approved(hash),
      show,
      say,
      failed: (code) => state?.failed(code, study.name),
      over: (reported) => this.init.over(study.name, reported),
      out: this.init.out,
    });
    this.#runners.set(hash, runner);
    return runner;
  }

  #linkOf(study: string): RunnerLink {
    const { connection } = this;
    return {
      reply: (reply) => connection.send(`reply/${study}`, "reply", reply),
      progress: (progress) => connection.send(`progress/${study}`, "progress", progress),
      failure: (failure) => connection.send(`failure/${study}`, "failure", failure),
      report: (report, done) => connection.send(`report/${study}`, "report", report, ({ ok }) => done(ok)),
    };
  }
}

import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import type { StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { Roster } from "@fedbaps/core/wire/roster.js";
import type { PolicySource } from "./policy/live-policy.js";
import type { ProgressFigures } from "./progress.js";
import type { RunnerLink } from "./runner-link.js";
import type { StudySeal } from "./study-seal.js";
import type { StudyStore } from "./study-store.js";
import type { StudyWork } from "./study-work.js";
import type { SumRunner } from "./sum-runner.js";

/** What a `RoundRunner` works with. */
export interface RoundRunnerInit {
  readonly site: string;
  readonly offer: StudyOffer;
  readonly policy: PolicySource;
  readonly store: StudyStore;
  readonly work: StudyWork;
  readonly sums: SumRunner;
  readonly seal: StudySeal;
  readonly link: RunnerLink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The roster that this site has accepted by now. */
  roster(): Promise<Roster | undefined>;
  /** Whether the site's approval stands, for exactly this text of the study, and its policy allows it. */
  approved(): boolean;
  /** For the person who watches. */
  show(figures: ProgressFigures): void;
  say(line: string): void;
  /** Told the code of what went wrong. */
  failed?(code: string): void;
  /** The study is over here: the report was taken (true), or it never will be. */
  over(reported: boolean): void;
  readonly out?: string | undefined;
}

import type { Failure, Progress, Reply, SiteReport } from "@fedbaps/core/wire/messages.js";

/** What a runner sends; each is repeated by the link until it is acknowledged. */
export interface RunnerLink {
  reply(reply: Reply): void;
  progress(progress: Progress): void;
  failure(failure: Failure): void;
  /** @param done is called with whether the coordinator took it. */
  report(report: SiteReport, done: (accepted: boolean) => void): void;
}

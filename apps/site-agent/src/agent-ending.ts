import type { StudyOffer } from "@fedbaps/core/wire/messages.js";
import type { Decision } from "./approvals.js";

/** Which studies are over here, and so when a `--once` run is. */
export class Ending {
  /** Studies that this process has worked on, and those that are over, with whether this site's report was taken. */
  readonly #served = new Set<string>();
  readonly #over = new Map<string, boolean>();

  serve(study: string): void {
    this.#served.add(study);
  }

  /** @param reported whether the coordinator has taken this site's report */
  end(study: string, reported: boolean): void {
    this.#over.set(study, reported);
  }

  isOver(study: string): boolean {
    return this.#over.has(study);
  }

  /** A study that ended here without a report is approved again. */
  reopen(study: string): void {
    if (this.#over.get(study) === false) this.#over.delete(study);
  }

  /**
   * The exit status when no approved study is left to serve; undefined while there may be.
   * @param approved hashes that stand now
   */
  status(
    offers: readonly StudyOffer[],
    approved: readonly string[],
    decisions: readonly Decision[],
  ): number | undefined {
    const open = offers.filter(({ spec, hash }) => approved.includes(hash) && !this.#over.has(spec.name));
    const names = offers.map(({ spec }) => spec.name);
    // How a study ended that is not offered any more, the coordinator is about to say.
    const ending = [...this.#served].filter((study) => !names.includes(study) && !this.#over.has(study));
    if (open.length > 0 || ending.length > 0) return undefined;
    // Nothing was served, and nothing is offered that was ever approved: all of it is over.
    const decided = decisions.filter(({ decision }) => decision === "approved");
    const nothingLeft = decided.length > 0 && decided.every(({ study }) => !names.includes(study));
    if (this.#over.size === 0 && !nothingLeft) return undefined;
    return [...this.#over.values()].every(Boolean) ? 0 : 1;
  }
}

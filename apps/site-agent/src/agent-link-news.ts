import { type Clock, elapsed } from "@fedbaps/core/common/clock.js";
import { adviceOn } from "./advice.js";
import type { LinkState } from "./connection.js";

const AGAIN_MS = 5 * 60_000;

/** What is said of the link: when it comes up, and why it does not; the same reason not at every try. */
export class LinkNews {
  readonly #said = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly say: (line: string) => void,
  ) {}

  changed(state: LinkState, code?: string): void {
    if (state === "admitted") {
      this.#said.clear();
      this.say("connected to the coordinator");
    }
    if (state !== "lost" || code === undefined) return;
    const now = elapsed(this.clock);
    if (now - (this.#said.get(code) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    this.#said.set(code, now);
    this.say(`not connected (${adviceOn(code)}); trying again`);
  }
}

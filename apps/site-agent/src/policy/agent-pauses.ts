import type { Clock } from "@fedbaps/core/common/clock.js";
import { type Pause, waitOutPause } from "./query-gate.js";

export interface AgentPausesInit {
  readonly clock: Clock;
  /** A line for the person here. */
  say(line: string): void;
  /** Told at the beginning of a pause, and with undefined at its end. */
  changed(pause: Pause | undefined): void;
}

/** The agent's waiting for its policy: it stays connected, says once why it waits and until when, and goes on by itself. */
export class AgentPauses {
  #now: Pause | undefined;
  #said = "";

  constructor(private readonly init: AgentPausesInit) {}

  /** For `PolicyGate`. @throws the signal's reason */
  readonly pause = async (pause: Pause, signal?: AbortSignal): Promise<void> => {
    const { clock, say, changed } = this.init;
    if (this.#now?.reason !== pause.reason || this.#now.until !== pause.until) changed(pause);
    this.#now = pause;
    const key = `${pause.reason} ${pause.until}`;
    if (key !== this.#said) say(`waits: ${pause.line}`);
    this.#said = key;
    try {
      await waitOutPause(clock)(pause, signal);
    } catch (error) {
      this.over();
      throw error;
    }
  };

  readonly over = (): void => {
    if (this.#now) this.init.changed(undefined);
    this.#now = undefined;
  };
}

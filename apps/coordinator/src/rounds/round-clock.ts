import type { Clock } from "@fedbaps/core/common/clock.js";
import type { RoundState } from "@fedbaps/core/federation/round-state.js";
import type { Telemetry } from "../telemetry/telemetry.js";

/** How long a study's rounds and their phases take, for the people who watch. */
export class RoundClock {
  #phase: RoundState["phase"] | undefined;
  #since = 0;

  constructor(
    private readonly telemetry: Telemetry,
    private readonly clock: Clock,
  ) {}

  /** A state was stored. @param startedAt of its attempt, milliseconds since the epoch */
  entered(state: RoundState, startedAt: number): void {
    const now = this.clock.now();
    if (this.#phase !== undefined) this.telemetry.phaseEnded(this.#phase, (now - this.#since) / 1000);
    const over = state.phase === "completed" || state.phase === "aborted";
    this.#phase = over ? undefined : state.phase;
    this.#since = now;
    if (!over) return;
    const code = state.phase === "aborted" ? state.code : null;
    this.telemetry.roundEnded(state.phase, code, (now - startedAt) / 1000);
  }
}

import type { Clock } from "@fedbaps/core/common/clock.js";
import { codeOf } from "@fedbaps/core/common/errors.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import type { ReplicaRepository } from "./store/replica-repository.js";

export interface HeartbeatComponents {
  readonly replicas: ReplicaRepository;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after every beat: time to look at what others have changed, or have left behind. */
  readonly beaten: () => Promise<void>;
}

/** After so long without a beat a replica counts as gone, and others take over what it drove. */
export const ALIVE_MILLISECONDS = 6000;
const BEAT_MILLISECONDS = 1500;

/** Says again and again that this process lives. */
export class Heartbeat {
  #cancel = () => {};
  #stopped = false;
  #beating: Promise<void> = Promise.resolve();
  readonly #startedAt: number;

  constructor(private readonly components: HeartbeatComponents) {
    this.#startedAt = components.clock.now();
  }

  /** The first beat. @throws what the database says */
  async start(): Promise<void> {
    await this.#beat();
    await this.components.replicas.prune();
    this.#later();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#beating;
    await this.components.replicas.leave().catch(() => {});
  }

  #beat(): Promise<void> {
    return this.components.replicas.beat(this.#startedAt, ALIVE_MILLISECONDS);
  }

  #later(): void {
    this.#cancel = this.components.clock.after(BEAT_MILLISECONDS, () => {
      this.#beating = this.#beat().then(
        () => this.components.beaten(),
        (error: unknown) => this.components.logger.warn("no-heartbeat", { code: codeOf(error) }),
      );
      void this.#beating.then(() => {
        if (!this.#stopped) this.#later();
      });
    });
  }
}

import type { Clock } from "@fedbaps/core/common/clock.js";
import type { Logger } from "@fedbaps/core/common/logger.js";
import type { Identity, RandomBytes } from "@fedbaps/core/secagg/keys.js";
import type { AgentStateWriter } from "./agent-state-writer.js";
import type { Route } from "./coordinator-route.js";
import type { Home } from "./home.js";
import type { Membership } from "./membership.js";
import type { PolicySource } from "./policy/live-policy.js";
import type { ProgressFigures } from "./progress.js";
import type { OpenTraining } from "./training.js";

export interface AgentComponents {
  readonly home: Home;
  readonly identity: Identity;
  readonly membership: Membership;
  /** As it is now: a change counts from the next step on. */
  readonly policy: PolicySource;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly openTraining: OpenTraining;
  /** The proxy and the authorities by which the coordinator is reached. */
  readonly route?: Route | undefined;
  /** What this agent does, for whoever looks from outside. */
  readonly state?: AgentStateWriter | undefined;
  show(figures: ProgressFigures): void;
  say(line: string): void;
}

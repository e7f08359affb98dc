import type { Clock } from "@fedbaps/core/common/clock.js";
import { fingerprint } from "@fedbaps/core/secagg/keys.js";
import { keyWords } from "@fedbaps/core/secagg/roster.js";
import { VERSION } from "../config.js";
import type { LeaseRepository } from "../store/lease-repository.js";
import type { ReplicaRepository } from "../store/replica-repository.js";
import { type Route, route } from "./route.js";
import { coordinatorSchema } from "./schemas/coordinator.js";

export interface CoordinatorInfoComponents {
  readonly publicKey: string;
  /** Under which this process listens. */
  readonly url: string;
  readonly database: "embedded" | "postgresql";
  readonly replicas: ReplicaRepository;
  readonly leases: LeaseRepository;
  readonly clock: Clock;
}

/** What this coordinator is, and which processes it consists of. */
export function coordinatorRoutes(components: CoordinatorInfoComponents): Route[] {
  const { publicKey, url, database, replicas, leases, clock } = components;
  return [
    route({
      method: "get",
      path: "/coordinator",
      summary: "The coordinator: version, key, processes",
      role: "viewer",
      answer: { status: 200, description: "the coordinator", schema: coordinatorSchema },
      async handle() {
        const now = clock.now();
        const driven = await leases.holders();
        const living = (await replicas.living()).map(({ id, startedAt }) => ({
          id,
          startedAt,
          // Those that live by the database's clock, which is not ours: they were seen within its time limit.
          seenAt: now,
          studies: [...driven].filter(([, replica]) => replica === id).map(([study]) => study),
        }));
        const words = keyWords(publicKey);
        const about = { version: VERSION, fingerprint: fingerprint(publicKey), words, url, now, database };
        return { ...about, replica: replicas.own, replicas: living };
      },
    }),
  ];
}

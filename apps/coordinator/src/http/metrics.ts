import { Router } from "express";
import type { Registry } from "prom-client";
import { CoordinatorError } from "../errors.js";
import { type AuthoriseComponents, authenticate } from "./authorise.js";
import { isLocal } from "./limits.js";
import { setRoute } from "./request-log.js";

export interface MetricsComponents extends AuthoriseComponents {
  readonly registry: Registry;
  /** Reads what is only known when it is asked for. */
  readonly refresh: () => Promise<void>;
}

/** `/metrics`, for Prometheus. No token is needed on this machine itself. */
export function metricsRoutes({ registry, refresh, ...authorising }: MetricsComponents): Router {
  const router = Router();
  router.get("/metrics", async (request, response) => {
    setRoute(response, "/metrics");
    if (!isLocal(request) && typeof (await authenticate(authorising, request)) === "string")
      throw new CoordinatorError("NOT_AUTHORISED", "metrics need a token: a viewer's is enough");
    await refresh();
    response.set("Content-Type", registry.contentType).send(await registry.metrics());
  });
  return router;
}

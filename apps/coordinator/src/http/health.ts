import { Router } from "express";
import { VERSION } from "../config.js";
import { setRoute } from "./request-log.js";

export interface HealthComponents {
  /** Whether the database answers. */
  readonly ready: () => Promise<boolean>;
}

/** `/healthz`: the process runs. `/readyz`: it can do its work. */
export function healthRoutes({ ready }: HealthComponents): Router {
  const router = Router();
  router.get("/healthz", (_request, response) => {
    setRoute(response, "/healthz");
    response.json({ status: "ok", version: VERSION });
  });
  router.get("/readyz", async (_request, response) => {
    setRoute(response, "/readyz");
    if (await ready()) response.json({ status: "ready" });
    else response.status(503).json({ status: "not-ready", reason: "the database does not answer" });
  });
  return router;
}

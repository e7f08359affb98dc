import type { Logger } from "@fedbaps/core/common/logger.js";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import express, { type Express, type RequestHandler } from "express";
import type { Metrics } from "../telemetry/metrics.js";
import { type StateComponents, StateMetrics } from "../telemetry/state-metrics.js";
import { type AuditComponents, auditRoutes } from "./audit.js";
import { type CoordinatorInfoComponents, coordinatorRoutes } from "./coordinator.js";
import { dashboardRoutes } from "./dashboard.js";
import { withDescription } from "./description.js";
import { type EnrolmentComponents, enrolmentRoutes } from "./enrolment.js";
import { type EventsComponents, eventRoutes } from "./events.js";
import { type HealthComponents, healthRoutes } from "./health.js";
import { createLimiters, DEFAULT_LIMITS, type RateLimits } from "./limits.js";
import { metricsRoutes } from "./metrics.js";
import { notFound, problemHandler } from "./problem.js";
import { requestLog, setRoute } from "./request-log.js";
import { type RostersComponents, rosterRoutes } from "./rosters.js";
import type { Route } from "./route.js";
import { securityHeaders } from "./security.js";
import { seenRoutes } from "./seen.js";
import { serveRoutes } from "./serve-routes.js";
import { type SessionsComponents, sessionRoutes } from "./sessions.js";
import { type SitesComponents, siteRoutes } from "./sites.js";
import { studyRoutes } from "./studies.js";
import { type TokensComponents, tokenRoutes } from "./tokens.js";
import { type StudyViewComponents, waitingOf } from "./waiting.js";

export interface ApiComponents
  extends SessionsComponents,
    TokensComponents,
    CoordinatorInfoComponents,
    EnrolmentComponents,
    SitesComponents,
    RostersComponents,
    StudyViewComponents,
    EventsComponents,
    AuditComponents,
    HealthComponents,
    Omit<StateComponents, "waiting"> {
  readonly studies: RostersComponents["studies"];
  readonly sites: RostersComponents["sites"];
  readonly connections: SitesComponents["connections"];
  readonly metrics: Metrics;
  readonly random: RandomBytes;
  readonly logger: Logger;
  readonly limits?: RateLimits;
  /** Addresses or networks of proxies on other machines that are believed who it is that asks, and over what. */
  readonly trustedProxies?: readonly string[];
}

/** The HTTP side of the coordinator. */
export function createApi(components: ApiComponents): Express {
  const { metrics, logger } = components;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  // A proxy on this machine is believed who it says that asks; others only where they are named.
  app.set("trust proxy", ["loopback", ...(components.trustedProxies ?? [])]);
  app.set("query parser", "simple");
  app.use(requestLog(components));
  app.use(securityHeaders());
  app.use("/api/v1", noStore, apiRouter(components), notFound);
  app.use(noStore, healthRoutes(components));
  const state = new StateMetrics(metrics.registry, { ...components, waiting: () => waitingReasons(components) });
  const refresh = async () => {
    metrics.process.refresh();
    await state.refresh();
  };
  app.use(metricsRoutes({ ...components, registry: metrics.registry, refresh }));
  app.use(namedRoute("dashboard"), dashboardRoutes(), namedRoute("unknown"));
  app.use(notFound);
  app.use(problemHandler(logger));
  return app;
}

/** Every route of the API, as it is served and described. */
export function routesOf(components: ApiComponents): Route[] {
  return withDescription([
    ...sessionRoutes(components),
    ...tokenRoutes(components),
    ...coordinatorRoutes(components),
    ...enrolmentRoutes(components),
    ...siteRoutes(components),
    ...rosterRoutes(components),
    ...studyRoutes(components),
    ...seenRoutes(components),
    ...auditRoutes(components),
    ...eventRoutes(components),
  ]);
}

function apiRouter(components: ApiComponents): express.Router {
  const router = express.Router();
  const serving = { ...components, limiters: createLimiters(components.limits ?? DEFAULT_LIMITS) };
  serveRoutes(router, routesOf(components), serving);
  return router;
}

const noStore: RequestHandler = (_request, response, next) => {
  response.setHeader("Cache-Control", "no-store");
  next();
};

function namedRoute(route: string): RequestHandler {
  return (_request, response, next) => {
    setRoute(response, route);
    next();
  };
}

async function waitingReasons(components: ApiComponents): Promise<string[]> {
  const open = (await components.studyRepository.list()).filter(({ status }) => status !== "draft");
  const presences = await components.connections.all();
  const waiting = await Promise.all(open.map((study) => waitingOf(components, study, presences)));
  return waiting.flatMap((one) => (one === null ? [] : [one.reason]));
}

import express, { type Express } from "express";
import { VERSION } from "../config.js";
import type { TokenRepository } from "../store/token-repository.js";
import { requireAdmin } from "./authorise.js";
import { type EnrolmentComponents, enrolmentRoutes } from "./enrolment.js";
import { notFound, problemHandler } from "./problem.js";
import { type RostersComponents, rosterRoutes } from "./rosters.js";
import { type SitesComponents, siteRoutes } from "./sites.js";
import { studyRoutes } from "./studies.js";
import type { StudyViewComponents } from "./study-view.js";

export interface ApiComponents extends EnrolmentComponents, SitesComponents, RostersComponents, StudyViewComponents {
  readonly tokens: TokenRepository;
  /** Whether the database answers. */
  readonly ready: () => Promise<boolean>;
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>FedBAPS coordinator</title>
<h1>FedBAPS coordinator ${VERSION}</h1>
<p>It is running. Studies are managed with <code>fedbaps-coordinator</code> on the command line.</p>
<p>Health: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a></p>
</html>
`;

/** The HTTP side of the coordinator. */
export function createApi(components: ApiComponents): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((_request, response, next) => {
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    response.setHeader("Cache-Control", "no-store");
    next();
  });
  app.get("/", (_request, response) => void response.type("html").send(PAGE));
  app.get("/healthz", (_request, response) => void response.json({ status: "ok", version: VERSION }));
  app.get("/readyz", async (_request, response) => {
    const ready = await components.ready();
    response.status(ready ? 200 : 503).json({ status: ready ? "ready" : "not-ready" });
  });
  const api = express.Router();
  api.use(express.json({ limit: "1mb" }));
  api.use(enrolmentRoutes(components));
  api.use(requireAdmin(components.tokens));
  api.use(siteRoutes(components));
  api.use(rosterRoutes(components));
  api.use(studyRoutes(components));
  app.use("/api/v1", api);
  app.use(notFound);
  app.use(problemHandler(components.logger));
  return app;
}

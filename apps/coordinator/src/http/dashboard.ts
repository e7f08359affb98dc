import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import express, { Router } from "express";

/** Where `npm run build` puts the dashboard, seen from `src` and from `dist` alike. */
const BUILT = fileURLToPath(new URL("../../dist/dashboard/", import.meta.url));

const MISSING = "The dashboard is not built. Build it with: npm run build\n";

/** Pages that the browser's own router knows; a path with a dot in it is a file. */
const PAGE = /^\/(?!(?:api|metrics|healthz|readyz)(?:\/|$))[^.]*$/;

/**
 * The dashboard's files: hashed assets are cached for ever, everything else is asked for again. It comes after the API's
 * own addresses; what it does not know is left to the next handler.
 * @param folder the built dashboard
 */
export function dashboardRoutes(folder: string = BUILT): Router {
  const router = Router();
  router.use(
    "/assets",
    express.static(join(folder, "assets"), {
      immutable: true,
      maxAge: "1y",
      index: false,
      redirect: false,
    }),
  );
  router.use(
    express.static(folder, {
      index: false,
      redirect: false,
      setHeaders: (response) => response.setHeader("Cache-Control", "no-cache"),
    }),
  );
  router.get(PAGE, (_request, response) => {
    const index = join(folder, "index.html");
    if (!existsSync(index)) return void response.status(503).type("text").send(MISSING);
    response.setHeader("Cache-Control", "no-cache");
    response.sendFile("index.html", { root: folder, cacheControl: false });
  });
  return router;
}

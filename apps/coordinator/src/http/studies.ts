import { studySpecSchema } from "@fedbaps/core/wire/study.js";
import { Router } from "express";
import type { StudyRow } from "../store/study-repository.js";
import { type StudyViewComponents, summaryOf, viewStudy } from "./study-view.js";

/** Studies: create, look at, and move through their life. */
export function studyRoutes(components: StudyViewComponents): Router {
  const { studies, studyRepository } = components;
  const router = Router();

  router.post("/studies", async (request, response) => {
    const study = await studies.create(studySpecSchema.parse(request.body));
    const known = new Set((await components.sites.list()).map((site) => site.name));
    const strangers = study.spec.participation.sites.filter((site) => !known.has(site));
    const warnings = strangers.map((site) => `site ${site} is not known yet; invite it with: site invite ${site}`);
    response.status(201).json({ ...summaryOf(study), warnings });
  });

  router.get("/studies", async (_request, response) => {
    response.json({ studies: (await studyRepository.list()).map(summaryOf) });
  });

  router.get("/studies/:name", async (request, response) => {
    response.json(await viewStudy(components, await studies.get(request.params.name)));
  });

  const command = (verb: string, act: (name: string) => Promise<StudyRow>) =>
    router.post(`/studies/:name/${verb}`, async (request, response) => {
      response.json(summaryOf(await act(request.params.name)));
    });
  command("start", (name) => studies.start(name));
  command("pause", (name) => studies.pause(name));
  command("resume", (name) => studies.resume(name));
  command("abort", (name) => studies.abort(name));

  return router;
}

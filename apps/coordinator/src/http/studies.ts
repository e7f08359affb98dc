import { type StudySpec, studySpecSchema } from "@fedbaps/core/wire/study.js";
import { CoordinatorError } from "../errors.js";
import { contextOf } from "./authorise.js";
import { etagOf, isFresh, requireMatch } from "./etag.js";
import { pageOf } from "./paging.js";
import { type Route, route } from "./route.js";
import { nameParams } from "./schemas/common.js";
import {
  cloneSchema,
  createdStudySchema,
  studiesQuery,
  studiesSchema,
  studyBodySchema,
  studyDetailSchema,
  studySummarySchema,
} from "./schemas/study.js";
import { summaryOf, viewStudy } from "./study-view.js";
import { type StudyViewComponents, waitingOf } from "./waiting.js";

const STUDY_BYTES = 256 * 1024;

/** Studies: make, list, look at, change. */
export function studyRoutes(components: StudyViewComponents): Route[] {
  const { studies, studyRepository } = components;
  return [
    route({
      method: "get",
      path: "/studies",
      summary: "Studies, oldest first",
      role: "viewer",
      query: studiesQuery,
      answer: { status: 200, description: "one page of them", schema: studiesSchema },
      async handle({ query: { status, ...page } }) {
        const all = (await studyRepository.list()).filter((study) => status === undefined || study.status === status);
        const { items, next } = pageOf(all, ({ createdAt, name }) => [createdAt, name], page);
        const presences = await components.connections.all();
        const shown = items.map(async (study) => ({
          ...summaryOf(study),
          waiting: await waitingOf(components, study, presences),
        }));
        return { studies: await Promise.all(shown), next };
      },
    }),
    route({
      method: "post",
      path: "/studies",
      summary: "Takes in a study as a draft; the same again changes nothing",
      role: "admin",
      body: studyBodySchema,
      maxBytes: STUDY_BYTES,
      etag: "answers",
      answer: { status: 201, description: "the draft", schema: createdStudySchema },
      problems: [409],
      async handle({ body, request, response }) {
        const study = await studies.register.create(body, contextOf(request).actor);
        response.set("ETag", etagOf(study)).set("Location", `/api/v1/studies/${study.name}`);
        return { ...summaryOf(study), warnings: await warningsOf(components, study.spec) };
      },
    }),
    route({
      method: "get",
      path: "/studies/:name",
      summary: "One study with its rounds and sites",
      role: "viewer",
      params: nameParams,
      etag: "answers",
      answer: { status: 200, description: "the study", schema: studyDetailSchema },
      problems: [404],
      async handle({ params, request, response }) {
        const study = await studies.get(params.name);
        const view = await viewStudy(components, study);
        const etag = etagOf(study, view);
        response.set("ETag", etag);
        if (!isFresh(request, etag)) return view;
        response.status(304).end();
        return undefined;
      },
    }),
    route({
      method: "put",
      path: "/studies/:name",
      summary: "Changes a draft; If-Match must have the ETag of what is changed",
      role: "admin",
      params: nameParams,
      body: studyBodySchema,
      maxBytes: STUDY_BYTES,
      etag: "requires",
      answer: { status: 200, description: "the draft as it is now", schema: createdStudySchema },
      problems: [404, 409],
      async handle({ params: { name }, body, request, response }) {
        if (body.name !== name)
          throw new CoordinatorError("BAD_REQUEST", `the study in the body is ${body.name}; a study keeps its name`);
        const before = await studies.get(name);
        requireMatch(request, before);
        const study = await studies.register.replace(name, body, before.hash, contextOf(request).actor);
        response.set("ETag", etagOf(study));
        return { ...summaryOf(study), warnings: await warningsOf(components, study.spec) };
      },
    }),
    route({
      method: "post",
      path: "/studies/:name/clone",
      summary: "Makes a draft from any study, under a new name",
      role: "admin",
      params: nameParams,
      body: cloneSchema,
      maxBytes: STUDY_BYTES,
      answer: { status: 201, description: "the draft", schema: studySummarySchema },
      problems: [404, 409],
      async handle({ params, body, request, response }) {
        const { spec } = await studies.get(params.name);
        const study = await studies.register.clone(params.name, changesOf(spec, body), contextOf(request).actor);
        response.set("ETag", etagOf(study)).set("Location", `/api/v1/studies/${study.name}`);
        return summaryOf(study);
      },
    }),
    ...(["start", "pause", "resume", "abort"] as const).map((verb) =>
      route({
        method: "post",
        path: `/studies/:name/${verb}`,
        summary: ACTS[verb],
        role: "admin",
        params: nameParams,
        answer: { status: 200, description: "the study; again it changes nothing", schema: studySummarySchema },
        problems: [404, 409],
        handle: async ({ params, request }) => summaryOf(await studies[verb](params.name, contextOf(request).actor)),
      }),
    ),
  ];
}

const ACTS = {
  start: "Offers a draft to its sites; it runs as soon as enough of them have approved",
  pause: "Stops a running study after what is stored",
  resume: "Goes on with a paused study",
  abort: "Gives a study up for good",
} as const;

/** The new study is a whole one: faults are told with the paths of its fields. @throws ZodError */
function changesOf(spec: StudySpec, changes: { name: string } & Record<string, unknown>): StudySpec {
  return studySpecSchema.parse({ ...spec, ...changes });
}

/** What a study lead should know of a study that is taken in all the same. */
async function warningsOf({ sites }: StudyViewComponents, spec: StudySpec): Promise<string[]> {
  const known = new Set((await sites.list()).map((site) => site.name));
  const strangers = spec.participation.sites.filter((site) => !known.has(site));
  return strangers.map((site) => `site ${site} is not known yet; invite it with: site invite ${site}`);
}

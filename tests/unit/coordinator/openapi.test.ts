import { type ApiComponents, createApi, routesOf } from "@fedbaps/coordinator/http/api.js";
import { openApiOf } from "@fedbaps/coordinator/http/openapi.js";
import { createMetrics } from "@fedbaps/coordinator/telemetry/metrics.js";
import { silentLogger } from "@fedbaps/core/common/logger.js";
import { afterAll, describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { documentSchema } from "../../integration/coordinator-api-support.js";

const metrics = createMetrics();
afterAll(() => metrics.close());
/** Enough to register the routes: none of them is asked. */
const components = {
  metrics,
  logger: silentLogger,
  identity: { site: "coordinator", sign: keys(64), box: keys(32) },
} as unknown as ApiComponents;

function keys(secret: number) {
  return { publicKey: new Uint8Array(32), secretKey: new Uint8Array(secret) };
}

const layerSchema = z.looseObject({
  route: z
    .looseObject({ path: z.unknown(), stack: z.array(z.looseObject({ method: z.string().optional() })) })
    .optional(),
  handle: z.unknown(),
});

/** `GET /path` of everything that Express answers, by its own tables. */
function registered({ stack }: { stack?: unknown }): string[] {
  return z
    .array(layerSchema)
    .parse(stack)
    .flatMap(({ route, handle }) => {
      if (route)
        return route.stack.flatMap(({ method }) =>
          method === undefined ? [] : [`${method.toUpperCase()} ${route.path}`],
        );
      const inner = handle as { stack?: unknown };
      return inner.stack === undefined ? [] : registered(inner);
    });
}

describe("the API's description", () => {
  const document = documentSchema.parse(openApiOf(routesOf(components)));
  const text = JSON.stringify(document);

  it("names every route that is served, and serves every one that it names", () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    // The dashboard's pages are a pattern.
    const outside = /^GET (\/healthz|\/readyz|\/metrics|\/\^.*)$/;
    const served = registered(createApi(components).router).map((one) => one.replace(/:(\w+)/g, "{$1}"));
    expect(served.filter((one) => !outside.test(one)).sort()).toEqual([...described].sort());
    expect(new Set(described).size).toBe(described.length);
  });

  it("has the form of OpenAPI 3.1: references resolve, parameters are declared, operations have ids of their own", () => {
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(50);
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name);
    expect(text).not.toMatch(/"\$ref":"(?!#\/components\/schemas\/)/);
    expect(text).not.toContain('"$id"');
    for (const [path, methods] of Object.entries(document.paths))
      for (const operation of Object.values(methods)) {
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        const declared = (operation?.parameters ?? []).filter((parameter) => parameter.in === "path");
        expect(declared.map(({ name, required }) => [name, required])).toEqual(inPath.map((name) => [name, true]));
        for (const [status, { content }] of Object.entries(operation?.responses ?? {}))
          if (Number(status) >= 400) expect(Object.keys(content ?? {})).toEqual(["application/problem+json"]);
      }
    const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/);
  });
});

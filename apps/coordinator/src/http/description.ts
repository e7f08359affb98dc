import { openApiOf } from "./openapi.js";
import { type Route, route } from "./route.js";

/** The routes, and one more that describes them all. */
export function withDescription(routes: readonly Route[]): Route[] {
  let document: object | undefined;
  const all: Route[] = [
    ...routes,
    route({
      method: "get",
      path: "/openapi.json",
      summary: "This description",
      role: "anyone",
      answer: { status: 200, description: "OpenAPI 3.1", mediaType: "application/json" },
      handle() {
        document ??= openApiOf(all);
        return document;
      },
    }),
  ];
  return all;
}

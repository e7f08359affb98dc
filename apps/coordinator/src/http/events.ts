import type { LiveFeed } from "../live-feed.js";
import type { HttpTelemetry } from "../telemetry/metrics.js";
import { type AuthoriseComponents, stillAuthorised } from "./authorise.js";
import { EventStream } from "./event-stream.js";
import { HttpError } from "./http-error.js";
import { type Route, route } from "./route.js";

export interface EventsComponents extends AuthoriseComponents {
  readonly feed: LiveFeed;
  readonly metrics: Pick<HttpTelemetry, "streams">;
  /** How many may listen at this process at once. */
  readonly maxStreams?: number;
}

const MAX_STREAMS = 100;

/** What changes, while it does. */
export function eventRoutes(components: EventsComponents): Route[] {
  const { feed, clock, metrics, maxStreams = MAX_STREAMS } = components;
  let open = 0;
  return [
    route({
      method: "get",
      path: "/events",
      summary: "Server-sent events: `change`, with what has changed; a comment every 15 seconds",
      role: "viewer",
      answer: { status: 200, description: "a stream without end", mediaType: "text/event-stream" },
      handle({ request, response }) {
        if (open >= maxStreams)
          throw new HttpError("UNAVAILABLE", "too many listen to events already; ask again every few seconds instead");
        if (request.method === "HEAD") return void response.type("text/event-stream").end();
        metrics.streams(++open);
        response.writeHead(200, {
          "Content-Type": "text/event-stream; charset=utf-8",
          // For proxies that would collect the events first.
          "X-Accel-Buffering": "no",
        });
        const stream = new EventStream({
          clock,
          sink: {
            write: (text) => {
              response.write(text);
              return response.writableLength;
            },
            end: () => void response.end(),
          },
          allowed: () => stillAuthorised(components, request),
        });
        const unsubscribe = feed.subscribe((change) => stream.push(change));
        response.once("close", () => {
          metrics.streams(--open);
          unsubscribe();
          stream.close();
        });
        return undefined;
      },
    }),
  ];
}

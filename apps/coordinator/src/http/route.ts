import type { Request, Response } from "express";
import type { z } from "zod";
import { CoordinatorError } from "../errors.js";
import type { Role } from "../store/token-repository.js";

export type Method = "get" | "post" | "put" | "delete";

/** What a route answers when all is well. */
export interface Answer {
  readonly status: 200 | 201 | 204;
  readonly description: string;
  /** Named by `answer`; none for a body that is empty or no JSON. */
  readonly schema?: z.ZodType;
  /** JSON by default. */
  readonly mediaType?: string;
}

/** What a route is given: parsed by its own schemas. */
export interface Input<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: Request;
  readonly response: Response;
}

interface Definition<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: Method;
  /** Under /api/v1, with `:name` for parameters. */
  readonly path: string;
  readonly summary: string;
  /** Who may: `anyone` needs no token. */
  readonly role: Role | "anyone";
  /** What does not fit is not found. */
  readonly params?: P;
  readonly query?: Q;
  /** Named by `body`. */
  readonly body?: B;
  /** The body may be left out. */
  readonly bodyOptional?: boolean;
  readonly maxBytes?: number;
  readonly answer: Answer;
  /** The statuses of the problems that it may answer beside those that every route may. */
  readonly problems?: readonly number[];
  /** Counts failures per address: the body holds a secret that could be guessed. */
  readonly guessable?: boolean;
  /** Headers that it reads or sets, for its description. */
  readonly etag?: "answers" | "requires";
  /** Gives the body of the answer. One that gives nothing has answered by itself, or answers without a body. */
  readonly handle: (input: Input<z.output<P>, z.output<Q>, z.output<B>>) => unknown;
}

/** A route of the API: what is served, and what the API's description says of it. */
export interface Route extends Omit<Definition<z.ZodType, z.ZodType, z.ZodType>, "handle"> {
  /** Checks the request by the route's schemas, then answers it. */
  serve(request: Request, response: Response): Promise<void>;
}

/** Makes a route; the types of its input follow from its schemas. */
export function route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  definition: Definition<P, Q, B>,
): Route {
  const { handle, ...described } = definition;
  return {
    ...described,
    async serve(request, response) {
      const params = parseParams(definition.params, request);
      const query = definition.query?.parse(request.query) as z.output<Q>;
      const given: unknown = request.body;
      const left = definition.bodyOptional === true && given === undefined;
      const body = (left ? undefined : definition.body?.parse(given)) as z.output<B>;
      const result = await handle({ params, query, body, request, response });
      if (response.headersSent) return;
      response.status(definition.answer.status);
      if (result === undefined) response.end();
      else response.json(result);
    },
  };
}

function parseParams<P extends z.ZodType>(schema: P | undefined, request: Request): z.output<P> {
  const parsed = schema?.safeParse(request.params);
  if (parsed?.success === false) throw new CoordinatorError("NOT_FOUND", "there is nothing at this address");
  return parsed?.data as z.output<P>;
}

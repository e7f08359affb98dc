import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type Response } from "express";
import * as ort from "onnxruntime-node";
import { readRequest, type ServedAnswer, type ServedTensor, writeAnswer } from "./inference-wire.js";

/** What goes wrong with a request. */
export type Fault =
  /** An answer of this status instead of the work. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string; readonly body?: string }
  | { readonly kind: "redirect"; readonly to: string }
  /** The connection ends: before the request is read, after the work, or halfway through the answer. */
  | { readonly kind: "drop"; readonly when: "unread" | "worked" | "halfway" }
  /** After the work, half of the answer, and then nothing. */
  | { readonly kind: "stall" }
  /** After the work, an answer that breaks the protocol; `rewrite` gets the right one. */
  | { readonly kind: "malformed"; readonly rewrite: (right: ServedAnswer) => ServedAnswer };

export type Endpoint = "live" | "serverReady" | "server" | "model" | "modelReady" | "config" | "infer";

/** How the server behaves from now on; change it as you like. */
export interface Behaviour {
  /** Used up from the front, one a request to the endpoint they are meant for (default infer). */
  faults: (Fault & { readonly at?: Endpoint })[];
  ready: boolean;
  modelReady: boolean;
  extensions: string[];
  /** Told in the configuration and enforced; undefined: there is no configuration to be asked for. */
  maxBatchSize: number | undefined;
  /** Requests without this bearer token get 401. */
  token: string | undefined;
  /** Added to every inference. */
  delayMs: number;
  /** Awaited in every inference. */
  gate: Promise<unknown>;
  /** Overrides fields of every model's metadata. */
  metadata: Record<string, unknown>;
}

export interface Counts {
  connections: number;
  requests: number;
  /** Requests by endpoint. */
  at: Record<Endpoint, number>;
  /** Leading sizes of the first input of inferences that were read, added up. */
  images: number;
  /** Inferences computed. */
  worked: number;
  /** Inferences answered in full. */
  answered: number;
  /** Inferences whose caller went away before the answer. */
  abandoned: number;
  /** Inferences under way now, and at most. */
  now: number;
  most: number;
  /** Inferences that came as binary. */
  binary: number;
}

export interface InferenceServer {
  /** Origin. */
  readonly url: string;
  modelUrl(name: string): string;
  readonly behaviour: Behaviour;
  readonly counts: Counts;
  /** The `Authorization` headers that came, each once. */
  readonly authorizations: ReadonlySet<string>;
  close(): Promise<void>;
}

const DATATYPES: Readonly<Record<string, string>> = {
  float32: "FP32",
  float16: "FP16",
  uint8: "UINT8",
  int32: "INT32",
  int64: "INT64",
};
const typeOf = (datatype: string) =>
  Object.keys(DATATYPES).find((type) => DATATYPES[type] === datatype) as "float32" | undefined;

/**
 * A server on loopback that answers by the Open Inference Protocol v2 over HTTP, with ONNX Runtime behind it. It writes
 * nothing to the console and does no work beside the inference, so it may be measured.
 * @param init.models file of each model. @param init.prefix path before `/v2`.
 */
export async function startInferenceServer(init: {
  readonly models: Readonly<Record<string, string>>;
  readonly prefix?: string;
  readonly behaviour?: Partial<Behaviour>;
  /** Makes the server; default plain HTTP. */
  readonly create?: (listener: express.Express) => Server;
}): Promise<InferenceServer> {
  const sessions = new Map<string, ort.InferenceSession>();
  for (const [name, file] of Object.entries(init.models))
    sessions.set(
      name,
      // One thread, as the local graph has it: the same sums in the same order.
      await ort.InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 }),
    );
  const behaviour: Behaviour = {
    faults: [],
    ready: true,
    modelReady: true,
    extensions: ["model_configuration", "binary_tensor_data"],
    maxBatchSize: 0,
    token: undefined,
    delayMs: 0,
    gate: Promise.resolve(),
    metadata: {},
    ...init.behaviour,
  };
  const served = new Served(sessions, behaviour);
  const prefix = init.prefix ?? "";
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(prefix || "/", served.routes());
  const server = init.create?.(app) ?? createServer(app);
  server.on("connection", () => served.counts.connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const scheme = "setSecureContext" in server ? "https" : "http";
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    modelUrl: (name) => `${url}${prefix}/v2/models/${encodeURIComponent(name)}`,
    behaviour,
    counts: served.counts,
    authorizations: served.authorizations,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      for (const session of sessions.values()) await session.release();
    },
  };
}

class Served {
  readonly counts: Counts = {
    connections: 0,
    requests: 0,
    at: { live: 0, serverReady: 0, server: 0, model: 0, modelReady: 0, config: 0, infer: 0 },
    images: 0,
    worked: 0,
    answered: 0,
    abandoned: 0,
    now: 0,
    most: 0,
    binary: 0,
  };
  readonly authorizations = new Set<string>();

  constructor(
    private readonly sessions: ReadonlyMap<string, ort.InferenceSession>,
    private readonly behaviour: Behaviour,
  ) {}

  routes(): express.Router {
    const routes = express.Router();
    const { behaviour } = this;
    const on = (method: "get" | "post", paths: string | string[], endpoint: Endpoint, handler: Handler) =>
      routes[method](paths, this.#begin(endpoint), handler);
    on("get", "/v2/health/live", "live", (_, response) => void response.json({ live: true }));
    on("get", "/v2/health/ready", "serverReady", (_, response) => {
      response.status(behaviour.ready ? 200 : 503).json({ ready: behaviour.ready });
    });
    on("get", "/v2", "server", (_, response) => {
      response.json({ name: "stand-in", version: "1", extensions: behaviour.extensions });
    });
    const model = "/v2/models/:name";
    const both = (path: string) => [`${model}${path}`, `${model}/versions/:version${path}`];
    on(
      "get",
      both(""),
      "model",
      this.#known((name, session) => ({ ...metadataOf(name, session), ...behaviour.metadata })),
    );
    on("get", both("/ready"), "modelReady", (request, response) => {
      const name = String(request.params.name);
      const ready = behaviour.modelReady && this.sessions.has(name);
      response.status(ready ? 200 : 400).json({ name, ready });
    });
    on("get", both("/config"), "config", (request, response, next) => {
      if (behaviour.maxBatchSize === undefined) return void response.status(404).json({ error: "Not Found" });
      return this.#known((name) => ({ name, max_batch_size: behaviour.maxBatchSize }))(request, response, next);
    });
    on("post", both("/infer"), "infer", (request, response) => void this.#infer(request, response));
    return routes;
  }

  /** Counts a request, asks for the token, and plays the faults that need no work. */
  #begin(endpoint: Endpoint): Handler {
    return (request, response, next) => {
      const { behaviour, counts } = this;
      counts.requests++;
      counts.at[endpoint]++;
      const { authorization } = request.headers;
      if (authorization !== undefined) this.authorizations.add(authorization);
      if (behaviour.token !== undefined && authorization !== `Bearer ${behaviour.token}`)
        return void response.status(401).json({ error: `no entry with ${authorization ?? "nothing"}` });
      const index = behaviour.faults.findIndex(({ at = "infer" }) => at === endpoint);
      const fault = index < 0 ? undefined : behaviour.faults.splice(index, 1)[0];
      if (fault?.kind === "drop" && fault.when === "unread") return void request.socket.destroy();
      if (fault?.kind === "redirect") return void response.redirect(307, fault.to);
      if (fault?.kind === "status") {
        if (fault.retryAfter !== undefined) response.set("retry-after", fault.retryAfter);
        response.status(fault.status).type("application/json");
        return void response.end(fault.body ?? JSON.stringify({ error: `told to answer ${fault.status}` }));
      }
      response.locals.fault = fault;
      next();
    };
  }

  #known(answer: (name: string, session: ort.InferenceSession) => unknown): Handler {
    return (request, response) => {
      const name = String(request.params.name);
      const session = this.sessions.get(name);
      if (session) response.json(answer(name, session));
      else response.status(404).json({ error: `Request for unknown model: '${name}' is not found` });
    };
  }

  async #infer(request: Request, response: Response): Promise<void> {
    const { behaviour, counts } = this;
    counts.most = Math.max(counts.most, ++counts.now);
    response.on("close", () => {
      counts.now--;
      if (response.writableFinished) counts.answered++;
      else counts.abandoned++;
    });
    const fault: Fault | undefined = response.locals.fault;
    try {
      const name = String(request.params.name);
      const session = this.sessions.get(name);
      if (!session) return void response.status(404).json({ error: `unknown model ${name}` });
      const headerLength = request.get("inference-header-content-length");
      const { inputs, outputs } = readRequest(await bodyOf(request), headerLength);
      if (headerLength !== undefined) counts.binary++;
      const [first] = inputs.values();
      const size = first.shape[0];
      counts.images += size;
      if (behaviour.maxBatchSize && size > behaviour.maxBatchSize)
        return void response.status(400).json({
          error: `inference request batch-size must be <= ${behaviour.maxBatchSize} for '${name}'`,
        });
      await behaviour.gate;
      if (behaviour.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs));
      if (response.destroyed) return;
      const wanted =
        outputs.length > 0 ? outputs : session.outputNames.map((output) => ({ name: output, binary: false }));
      const results = await compute(
        session,
        inputs,
        wanted.map((output) => output.name),
      );
      counts.worked++;
      const binary = wanted.filter((output) => output.binary).map((output) => output.name);
      send(response, writeAnswer(name, results, binary), fault);
    } catch (error) {
      if (!response.headersSent) response.status(400).json({ error: (error as Error).message });
    }
  }
}

type Handler = (request: Request, response: Response, next: NextFunction) => void;

function metadataOf(name: string, session: ort.InferenceSession) {
  const describe = (tensors: readonly ort.InferenceSession.ValueMetadata[]) =>
    tensors.map((tensor) => {
      if (!tensor.isTensor) throw new Error(`${tensor.name} is no tensor`);
      const shape = tensor.shape.map((size) => (typeof size === "number" ? size : -1));
      return { name: tensor.name, datatype: DATATYPES[tensor.type] ?? tensor.type.toUpperCase(), shape };
    });
  return {
    name,
    versions: ["1"],
    platform: "onnxruntime_onnx",
    inputs: describe(session.inputMetadata),
    outputs: describe(session.outputMetadata),
  };
}

async function bodyOf(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function compute(
  session: ort.InferenceSession,
  inputs: ReadonlyMap<string, ServedTensor>,
  outputs: readonly string[],
): Promise<Record<string, ServedTensor>> {
  const feeds: Record<string, ort.Tensor> = {};
  for (const [name, { datatype, shape, data }] of inputs) {
    const type = typeOf(datatype) ?? "float32";
    feeds[name] = new ort.Tensor(type, data as Float32Array, shape);
  }
  const results = await session.run(feeds, outputs);
  return Object.fromEntries(
    outputs.map((name) => {
      const { type, dims, data } = results[name];
      return [name, { datatype: DATATYPES[type], shape: dims, data: data as Float32Array }];
    }),
  );
}

function send(response: Response, right: ServedAnswer, fault: Fault | undefined): void {
  if (fault?.kind === "drop" && fault.when === "worked") return void response.destroy();
  const { headers, body } = fault?.kind === "malformed" ? fault.rewrite(right) : right;
  response.status(200).set(headers).set("content-length", String(body.length));
  if (fault?.kind !== "drop" && fault?.kind !== "stall") return void response.end(body);
  response.write(body.subarray(0, body.length >> 1), () => {
    if (fault.kind === "drop") response.destroy();
  });
}

import type { Clock } from "../../common/clock.js";
import { canonicalJson, sha256Hex } from "../../common/hash.js";
import { BlackBoxError } from "../model.js";
import type { TensorDescription, TensorGraph, Tensors } from "../tensor.js";
import { isElementType } from "../tensor-data.js";
import { checkHost, parseAddress } from "./address.js";
import { OipClient } from "./client.js";
import { noFloat16 } from "./json-data.js";
import { describeTensors, type ModelMetadata } from "./metadata.js";
import { OipServer } from "./server.js";
import { type OipEncoding, type OipSettings, parseOipSettings, readToken } from "./settings.js";
import { decodeAnswer, encodeRequest, HEADER_LENGTH } from "./wire.js";

/** Images in one request where a server would take more. */
const STANDARD_BATCH = 8;

export interface OipGraphInit {
  /** How the user named it, for messages. */
  readonly name: string;
  /** batch, concurrency, timeout, retries, encoding, token-file. */
  readonly settings: Readonly<Record<string, string>>;
  /** `blackboxHosts` of the site's policy. */
  readonly allowedHosts: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Uniform in [0, 1); draws the waits between attempts and nothing else. */
  readonly random: () => number;
  readonly signal?: AbortSignal;
}

/** A model on a server that speaks the Open Inference Protocol v2 over HTTP. */
export class OipGraph implements TensorGraph {
  readonly name: string;
  /** SHA-256 of the address and the metadata: the weights cannot be seen. */
  readonly identity: string;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly remote: string;
  readonly maxBatch?: number;
  readonly concurrency: number;
  readonly notes: readonly string[];
  /** What runs the model there, where the server says it: `onnxruntime_onnx`. */
  readonly platform: string | undefined;
  /** The version that the address names, else those that the server lists. */
  readonly version: string | undefined;
  readonly encoding: OipEncoding;
  readonly #server: OipServer;
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  private constructor(name: string, server: OipServer, found: Found) {
    const { metadata, concurrency, encoding, maxBatch, notes } = found;
    const { origin, modelPath, version } = server.address;
    this.name = name;
    this.#server = server;
    this.identity = sha256Hex(canonicalJson({ origin, model: modelPath, metadata }));
    this.inputs = describeTensors(metadata.inputs);
    this.outputs = describeTensors(metadata.outputs);
    this.remote = origin;
    if (maxBatch !== undefined) this.maxBatch = maxBatch;
    this.concurrency = concurrency;
    this.notes = notes;
    this.platform = metadata.platform || undefined;
    this.version = version ?? (metadata.versions?.join(", ") || undefined);
    this.encoding = encoding;
    if (encoding === "json") refuseFloat16(this.inputs, this.outputs);
  }

  /**
   * Judges the address by the policy, then asks the server what the model is. No image is sent.
   * @param url `http(s)://HOST[:PORT][/PREFIX]/v2/models/NAME[/versions/VERSION]`
   * @throws BlackBoxError BLACKBOX_UNKNOWN (address or settings), BLACKBOX_REFUSED (the policy or the server does not
   * allow it), BLACKBOX_FILE (token), BLACKBOX_UNREACHABLE, BLACKBOX_TIMEOUT, BLACKBOX_FAILED, BLACKBOX_CONTRACT; the
   * signal's reason.
   */
  static async open(url: string, init: OipGraphInit): Promise<OipGraph> {
    const { name, clock, random, signal } = init;
    signal?.throwIfAborted();
    const address = parseAddress(url);
    const settings = parseOipSettings(init.settings);
    checkHost(address, init.allowedHosts);
    const token = await readToken(settings, init.env, address);
    const { concurrency, timeout, retries } = settings;
    const client = new OipClient({ origin: address.origin, token, concurrency, timeout, retries, clock, random });
    const server = new OipServer(address, client);
    try {
      return new OipGraph(name, server, await explore(server, settings, signal));
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /**
   * Asks server and model again whether they are ready.
   * @throws BlackBoxError as `run` when there is no answer to that; BLACKBOX_CLOSED.
   */
  async ready(signal?: AbortSignal): Promise<boolean> {
    return this.#underWay(
      async () => (await this.#server.serverReady(signal)) && (await this.#server.modelReady(signal)),
    );
  }

  async run(feeds: Tensors, outputs: readonly string[], signal?: AbortSignal): Promise<Tensors> {
    signal?.throwIfAborted();
    return this.#underWay(async () => {
      const wanted = outputs.map((name) => {
        const type = this.outputs.find((output) => output.name === name)?.type;
        if (type === "float16" && this.encoding === "json") throw noFloat16(`the output ${name}`);
        return { name, type: type !== undefined && isElementType(type) ? type : undefined };
      });
      const { body, headers, where } = await this.#server.infer(encodeRequest(feeds, outputs, this.encoding), signal);
      return decodeAnswer(body, headers[HEADER_LENGTH]?.toString(), wanted, where);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
    await this.#server.close();
  }

  async #underWay<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    if (this.#closed) throw new BlackBoxError("BLACKBOX_CLOSED", `the black box ${this.name} is closed already`);
    const running = act();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}

/** What was learnt at opening. */
interface Found {
  readonly metadata: ModelMetadata;
  readonly concurrency: number;
  readonly encoding: OipEncoding;
  readonly maxBatch: number | undefined;
  readonly notes: readonly string[];
}

async function explore(server: OipServer, settings: OipSettings, signal?: AbortSignal): Promise<Found> {
  const notes = [
    "the weights on the server cannot be seen: if another model is put behind the same address, its identity here stays the same",
  ];
  if (!(await server.seemsReady(signal))) notes.push("the server did not say that it is ready");
  const metadata = await server.metadata(signal);
  if (!(await server.modelReady(signal)))
    throw new BlackBoxError(
      "BLACKBOX_UNREACHABLE",
      `the server ${server.address.origin} says that ${server.address.modelPath} is not ready: wait until it is loaded, or load it, and try again`,
    );
  const encoding = settings.encoding ?? ((await server.hasBinary(signal)) ? "binary" : "json");
  if (settings.encoding === undefined && encoding === "json")
    notes.push("the server does not name the binary tensor extension: images travel as JSON, several times larger");
  const largest = await server.largestBatch(signal);
  if (settings.batch !== undefined && largest !== undefined && settings.batch > largest)
    throw new BlackBoxError(
      "BLACKBOX_CONTRACT",
      `the setting batch=${settings.batch} is above the ${largest} that the server takes at once: set batch=${largest} or less`,
    );
  const maxBatch = settings.batch ?? (largest === undefined ? undefined : Math.min(largest, STANDARD_BATCH));
  return { metadata, concurrency: settings.concurrency, encoding, maxBatch, notes };
}

/** Which outputs will be wanted is not known yet: one that is not float16 is enough. */
function refuseFloat16(inputs: readonly TensorDescription[], outputs: readonly TensorDescription[]): void {
  const input = inputs.find(({ type }) => type === "float16");
  if (input) throw noFloat16(`the input ${input.name}`);
  if (outputs.length > 0 && outputs.every(({ type }) => type === "float16"))
    throw noFloat16(`the output ${outputs[0].name}`);
}

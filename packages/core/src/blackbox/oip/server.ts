import { BlackBoxError } from "../model.js";
import type { OipAddress } from "./address.js";
import type { OipAnswer, OipClient } from "./client.js";
import {
  type ModelMetadata,
  modelConfigSchema,
  modelMetadataSchema,
  readySchema,
  serverMetadataSchema,
} from "./metadata.js";
import { type EncodedRequest, parseJson } from "./wire.js";

const BINARY_EXTENSION = "binary_tensor_data";

/** Not there, or not for us: how servers refuse what the protocol leaves to them. */
const NOT_OFFERED: readonly number[] = [400, 403, 404, 405, 501];
/** How servers say "not ready", by the protocol and against it. 401 and 403 speak of the token. */
const NOT_READY: readonly number[] = [400, 404, 409, 412, 422, 500, 503];
/** A server that does not know the question. */
const NO_SUCH_QUESTION: readonly number[] = [405, 501];

/** The questions of the Open Inference Protocol v2 about one model (section "HTTP/REST"). */
export class OipServer {
  constructor(
    readonly address: OipAddress,
    private readonly client: OipClient,
  ) {}

  /** `GET v2/health/ready`, asked once: whatever goes wrong counts as "no", except an abort and a time limit. */
  async seemsReady(signal?: AbortSignal): Promise<boolean> {
    try {
      const path = `${this.address.serverPath}/health/ready`;
      return saysReady(await this.client.call({ method: "GET", path, accept: NOT_READY, retries: 0, signal }));
    } catch (error) {
      if (error instanceof BlackBoxError && error.code !== "BLACKBOX_TIMEOUT") return false;
      throw error;
    }
  }

  /** `GET v2/health/ready`. */
  async serverReady(signal?: AbortSignal): Promise<boolean> {
    return this.#ready(`${this.address.serverPath}/health/ready`, signal);
  }

  /** `GET v2/models/NAME/ready`. */
  async modelReady(signal?: AbortSignal): Promise<boolean> {
    return this.#ready(`${this.address.modelPath}/ready`, signal);
  }

  /** `GET v2/models/NAME`. */
  async metadata(signal?: AbortSignal): Promise<ModelMetadata> {
    const { body, where } = await this.#get(this.address.modelPath, [], signal);
    return parseJson(modelMetadataSchema, body, where);
  }

  /** `GET v2`: whether the server names the binary tensor extension. */
  async hasBinary(signal?: AbortSignal): Promise<boolean> {
    const { status, body, where } = await this.#get(this.address.serverPath, NOT_OFFERED, signal);
    if (status !== 200) return false;
    return parseJson(serverMetadataSchema, body, where).extensions?.includes(BINARY_EXTENSION) ?? false;
  }

  /** `GET v2/models/NAME/config`: the largest batch, where the server makes batches and says so. */
  async largestBatch(signal?: AbortSignal): Promise<number | undefined> {
    const { status, body, where } = await this.#get(`${this.address.modelPath}/config`, NOT_OFFERED, signal);
    if (status !== 200) return undefined;
    return parseJson(modelConfigSchema, body, where).max_batch_size || undefined;
  }

  /** `POST v2/models/NAME/infer`. */
  async infer(request: EncodedRequest, signal?: AbortSignal): Promise<OipAnswer & { where: string }> {
    const path = `${this.address.modelPath}/infer`;
    const answer = await this.client.call({ method: "POST", path, ...request, signal });
    return { ...answer, where: this.#where(path) };
  }

  close(): Promise<void> {
    return this.client.close();
  }

  async #get(path: string, accept: readonly number[], signal?: AbortSignal) {
    return { ...(await this.client.call({ method: "GET", path, accept, signal })), where: this.#where(path) };
  }

  async #ready(path: string, signal?: AbortSignal): Promise<boolean> {
    return saysReady(await this.#get(path, [...NOT_READY, ...NO_SUCH_QUESTION], signal));
  }

  #where(path: string): string {
    return `${this.address.origin}${path}`;
  }
}

/** By the status, or by a body that says `ready: false`; one that cannot be asked passes. */
function saysReady({ status, body }: OipAnswer): boolean {
  if (NO_SUCH_QUESTION.includes(status)) return true;
  if (status !== 200) return false;
  try {
    return readySchema.safeParse(JSON.parse(Buffer.from(body).toString())).data?.ready !== false;
  } catch {
    // Many answer with an empty body.
    return true;
  }
}

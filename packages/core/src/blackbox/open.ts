import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type Clock, systemClock } from "../common/clock.js";
import { tuneBatch } from "./batch-tuning.js";
import { GatedModel, type QueryGate } from "./gate.js";
import { BlackBoxError, type SegmentationModel } from "./model.js";
import { parseAddress } from "./oip/address.js";
import { OipGraph } from "./oip/graph.js";
import { OIP_SETTINGS } from "./oip/settings.js";
import { readOnnxContents } from "./onnx-contents.js";
import { OnnxPool } from "./onnx-pool.js";
import { EXECUTION_PROVIDERS, OnnxGraph, type OnnxSettings } from "./onnx-session.js";
import { PromptableModel, STANDARD_BATCH } from "./promptable.js";
import { SamModel } from "./sam/model.js";
import { parseSamSettings, SAM_SETTINGS } from "./sam/settings.js";
import { type BlackBoxSpec, parseSpec } from "./spec.js";
import type { TensorGraph } from "./tensor.js";

/** The promptable segmenter that comes with the product; see `packages/core/models/MODEL_CARD.md`. */
export const BUNDLED_MODEL_FILE = fileURLToPath(new URL("../../models/bundled-seg-128.onnx", import.meta.url));

const ONNX_SETTINGS = ["threads", "provider", "memory"];
const KNOWN_SETTINGS: Readonly<Record<BlackBoxSpec["provider"], readonly string[]>> = {
  bundled: ONNX_SETTINGS,
  onnx: ONNX_SETTINGS,
  "sam-onnx": [...ONNX_SETTINGS, ...SAM_SETTINGS],
  oip: [...OIP_SETTINGS, ...SAM_SETTINGS],
};

export interface OpenOptions {
  /**
   * CPU threads of ONNX Runtime; the spec's own setting goes before. Default 1. With more, a small graph answers as many
   * calls at once, and the opening tries out how many images a call had best have (about a second).
   */
  readonly threads?: number;
  /** No more than these, whatever `threads` and the spec say; of the site's policy. */
  readonly maxThreads?: number;
  /** Who is asked before every call; of the site's policy. */
  readonly gate?: QueryGate;
  /** Hosts that images may be sent to, besides this machine; of the site's policy. Default none. */
  readonly allowedHosts?: readonly string[];
  /** Where a server's token is looked for. Default none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Opens the black box that a person named (the forms of `SPEC_FORMS`).
 * @throws BlackBoxError BLACKBOX_UNKNOWN for another name, and what the provider throws.
 */
export async function openBlackBox(text: string, options: OpenOptions = {}): Promise<SegmentationModel> {
  const model = await openUngated(text, options);
  return options.gate ? new GatedModel(model, options.gate) : model;
}

function openUngated(text: string, options: OpenOptions): Promise<SegmentationModel> {
  const spec = parseSpec(text);
  checkSettings(text, spec);
  switch (spec.provider) {
    case "bundled":
      return openLocal(BUNDLED_MODEL_FILE, text, spec, options);
    case "onnx":
      return openLocal(spec.places[0], text, spec, options);
    case "sam-onnx":
      return openPair(spec, text, (file) => openOnnx(file, text, spec, options));
    case "oip":
      if (spec.places.length === 1) return openOne(() => openOip(spec.places[0], text, spec, options));
      // The token is one server's: it must not go to another.
      if (new Set(spec.places.map((url) => parseAddress(url).origin)).size > 1)
        throw new BlackBoxError("BLACKBOX_UNKNOWN", `"${text}": encoder and decoder must be on one server`);
      return openPair(spec, text, (url) => openOip(url, text, spec, options));
  }
}

/** A promptable segmenter in one file: the threads that it is given, and how many images a call had best have. */
async function openLocal(file: string, text: string, { settings }: BlackBoxSpec, options: OpenOptions) {
  const given = onnxSettings(settings, options);
  const contents = await readOnnxContents(file);
  const { clock = systemClock, signal } = options;
  return openOne(
    () =>
      OnnxPool.pays(contents, given)
        ? OnnxPool.load(file, text, contents, given)
        : OnnxGraph.load(file, text, contents, given),
    async (graph, model) => {
      if ((given.threads ?? 1) === 1 || model.description.maxBatch !== STANDARD_BATCH) return model;
      const batch = await tuneBatch((size) => new PromptableModel(graph, size), clock, signal);
      return new PromptableModel(graph, batch);
    },
  );
}

async function openOne(
  open: () => Promise<TensorGraph>,
  settle: (graph: TensorGraph, model: PromptableModel) => Promise<PromptableModel> = async (_, model) => model,
): Promise<SegmentationModel> {
  const graph = await open();
  try {
    return await settle(graph, new PromptableModel(graph));
  } catch (error) {
    await graph.close();
    throw error;
  }
}

async function openPair<G extends TensorGraph>(
  { places: [first, second], settings }: BlackBoxSpec,
  name: string,
  open: (place: string) => Promise<G>,
): Promise<SegmentationModel> {
  const parsed = parseSamSettings(settings);
  const encoder = await open(first);
  let decoder: G | undefined;
  try {
    decoder = await open(second);
    return new SamModel({ name, encoder, decoder }, parsed);
  } catch (error) {
    await Promise.all([encoder.close(), decoder?.close()]);
    throw error;
  }
}

function openOnnx(file: string, name: string, { settings }: BlackBoxSpec, options: OpenOptions): Promise<OnnxGraph> {
  return OnnxGraph.open(file, name, onnxSettings(settings, options));
}

function openOip(url: string, name: string, { settings }: BlackBoxSpec, options: OpenOptions): Promise<OipGraph> {
  const { allowedHosts = [], env = {}, clock = systemClock, signal } = options;
  const own = Object.fromEntries(Object.entries(settings).filter(([key]) => OIP_SETTINGS.includes(key)));
  const random = () => randomInt(2 ** 32) / 2 ** 32;
  return OipGraph.open(url, { name, settings: own, allowedHosts, env, clock, random, ...(signal ? { signal } : {}) });
}

function checkSettings(text: string, { provider, places, settings }: BlackBoxSpec): void {
  const known = provider === "oip" && places.length === 1 ? OIP_SETTINGS : KNOWN_SETTINGS[provider];
  const unknown = Object.keys(settings).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new BlackBoxError(
      "BLACKBOX_UNKNOWN",
      `"${text}": there is no setting ${unknown}; ${provider} has ${known.join(", ")}`,
    );
}

function onnxSettings(given: Readonly<Record<string, string>>, options: OpenOptions): OnnxSettings {
  const wanted = given.threads === undefined ? options.threads : Number(given.threads);
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1 && wanted <= 256))
    throw new BlackBoxError("BLACKBOX_UNKNOWN", `black-box setting threads=${given.threads}: give 1 to 256`);
  const threads = wanted === undefined ? undefined : Math.min(wanted, options.maxThreads ?? wanted);
  const provider = EXECUTION_PROVIDERS.find((word) => word === (given.provider ?? "cpu"));
  if (provider === undefined)
    throw new BlackBoxError(
      "BLACKBOX_UNKNOWN",
      `black-box setting provider=${given.provider}: use ${EXECUTION_PROVIDERS.join(", ")}`,
    );
  const memory = (["usual", "low"] as const).find((word) => word === (given.memory ?? "usual"));
  if (memory === undefined)
    throw new BlackBoxError("BLACKBOX_UNKNOWN", `black-box setting memory=${given.memory}: use usual or low`);
  return { provider, memory, ...(threads === undefined ? {} : { threads }) } satisfies OnnxSettings;
}

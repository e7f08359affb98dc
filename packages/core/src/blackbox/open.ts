import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { BlackBoxError, type SegmentationModel } from "./model.js";
import { OnnxModel } from "./onnx.js";

/** The promptable segmenter that comes with the product; see `packages/core/models/MODEL_CARD.md`. */
export const BUNDLED_MODEL_FILE = fileURLToPath(new URL("../../models/bundled-seg-128.onnx", import.meta.url));

/** The same black box named so that it is found from any folder: a file by its whole path. */
export function absoluteSpec(spec: string): string {
  return spec.startsWith("onnx:") && spec.length > 5 ? `onnx:${resolve(spec.slice(5))}` : spec;
}

/**
 * Opens the black box that a person named: `bundled`, or `onnx:FILE`.
 * @throws BlackBoxError BLACKBOX_UNKNOWN for another name, and what the provider throws.
 */
export async function openBlackBox(spec: string, threads = 1): Promise<SegmentationModel> {
  if (spec === "bundled") return OnnxModel.open(BUNDLED_MODEL_FILE, spec, threads);
  if (spec.startsWith("onnx:") && spec.length > 5) return OnnxModel.open(spec.slice(5), spec, threads);
  throw new BlackBoxError("BLACKBOX_UNKNOWN", `unknown black box "${spec}": use bundled, or onnx:FILE`);
}

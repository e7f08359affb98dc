import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { GENERAL_MODEL_FILE } from "./places.js";

/** A thing an experiment needs, by its short name; `missing` says why it cannot be had. */
export interface Place {
  readonly name: string;
  /** A folder of pictures, or a black box as `openBlackBox` reads it. */
  readonly at: string;
  readonly missing?: string;
}

const SHARED_DATA = fileURLToPath(new URL("../../../../../shared/data/", import.meta.url));
const SHARED_CENTRES = [
  "dermoscopy/isic-uda1",
  "dermoscopy/isic-2017-b",
  "dermoscopy/isic-2017-d",
  "polyp/cvc-clinicdb",
  "polyp/kvasir-seg",
  "ultrasound/stu-hospital",
];
const BLACKBOXES: Readonly<Record<string, string>> = { bundled: "bundled", general: `onnx:${GENERAL_MODEL_FILE}` };

export const CENTRE_NAMES = SHARED_CENTRES.map((path) => basename(path));
export const BLACKBOX_NAMES = Object.keys(BLACKBOXES);

/** @param text the name of a shared centre, or the path of a folder with images/ and masks/ */
export async function centreAt(text: string): Promise<Place> {
  const shared = SHARED_CENTRES.find((path) => basename(path) === text || path === text);
  const at = shared ? `${SHARED_DATA}${shared}` : resolve(text);
  const name = basename(at);
  return (await exists(at)) ? { name, at } : { name, at, missing: `there is no folder ${at}` };
}

/** @param text general, bundled, or a black box as the command line names it */
export async function blackboxAt(text: string): Promise<Place> {
  const at = BLACKBOXES[text] ?? text;
  const file = text === "general" ? GENERAL_MODEL_FILE : undefined;
  return !file || (await exists(file)) ? { name: text, at } : { name: text, at, missing: `there is no file ${file}` };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

import { resolve } from "node:path";
import { BlackBoxError } from "./model.js";

/** The providers, with the form in which a person names a black box of each. */
export const SPEC_FORMS = {
  bundled: "bundled",
  onnx: "onnx:FILE",
  "sam-onnx": "sam-onnx:ENCODER,DECODER",
  oip: "oip:URL",
} as const;
export type Provider = keyof typeof SPEC_FORMS;

/** The forms in one line, for help texts and messages. */
export const SPEC_HELP = "bundled, onnx:FILE, sam-onnx:ENCODER,DECODER, or oip:URL";

/** Files that settings name; given as paths, so they follow the spec's when it is made absolute. */
const FILE_SETTINGS: readonly string[] = ["token-file"];

/** A black box as a person named it: a provider, its places (files or addresses), and settings after `#`. */
export interface BlackBoxSpec {
  readonly provider: Provider;
  readonly places: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

/** How many places a provider takes, at least and at most. */
const PLACES: Readonly<Record<Provider, readonly [number, number]>> = {
  bundled: [0, 0],
  onnx: [1, 1],
  "sam-onnx": [2, 2],
  oip: [1, 2],
};
/** Other words that people use for a provider. */
const ALIASES: Readonly<Record<string, Provider>> = { "open-inference": "oip" };

/**
 * Reads `PROVIDER:PLACE,PLACE#setting=value&setting=value`.
 * @throws BlackBoxError BLACKBOX_UNKNOWN for another provider or form.
 */
export function parseSpec(text: string): BlackBoxSpec {
  const refuse = (): never => {
    throw new BlackBoxError("BLACKBOX_UNKNOWN", `unknown black box "${text}": use ${SPEC_HELP}`);
  };
  const [, word, rest, fragment] = /^([a-z-]+)(?::([^#]*))?(?:#(.*))?$/.exec(text) ?? refuse();
  const provider = Object.hasOwn(ALIASES, word) ? ALIASES[word] : (word as Provider);
  if (!Object.hasOwn(PLACES, provider)) return refuse();
  const places = rest === undefined ? [] : rest.split(",").map((place) => place.trim());
  const [least, most] = PLACES[provider];
  if (places.length < least || places.length > most || places.includes(""))
    throw new BlackBoxError("BLACKBOX_UNKNOWN", `"${text}" is incomplete: use ${SPEC_FORMS[provider]}`);
  return { provider, places, settings: parseSettings(text, fragment) };
}

function parseSettings(text: string, fragment: string | undefined): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const part of fragment ? fragment.split("&") : []) {
    const [, key, value] = /^([a-z-]+)=(.+)$/.exec(part) ?? [];
    if (key === undefined || Object.hasOwn(settings, key))
      throw new BlackBoxError(
        "BLACKBOX_UNKNOWN",
        `"${text}": the settings after # must read name=value&name=value, each once`,
      );
    settings[key] = value;
  }
  return settings;
}

export function formatSpec({ provider, places, settings }: BlackBoxSpec): string {
  const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  return [
    provider,
    ...(places.length > 0 ? [`:${places.join(",")}`] : []),
    ...(pairs.length > 0 ? [`#${pairs.join("&")}`] : []),
  ].join("");
}

/** The same black box named so that it is found from any folder: files by their whole paths. */
export function absoluteSpec(text: string): string {
  const spec = parseSpec(text);
  const places = spec.provider === "oip" ? spec.places : spec.places.map((place) => resolve(place));
  const settings = Object.fromEntries(
    Object.entries(spec.settings).map(([key, value]) => [key, FILE_SETTINGS.includes(key) ? resolve(value) : value]),
  );
  return formatSpec({ ...spec, places, settings });
}

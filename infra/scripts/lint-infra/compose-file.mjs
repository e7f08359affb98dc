// A Compose file with its variables filled in, as far as ours uses it: https://github.com/compose-spec/compose-spec
import { readFileSync } from "node:fs";
import { parse } from "yaml";

/**
 * @param {string} file @param {Record<string, string>} values of variables; others get their default, or nothing
 * @returns {any} the document, with merges (`<<`) done
 */
export function readCompose(file, values = {}) {
  return interpolate(parse(readFileSync(file, "utf8"), { merge: true }), values);
}

function interpolate(node, values) {
  if (typeof node === "string")
    return node.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name, fallback) => values[name] ?? fallback ?? "");
  if (Array.isArray(node)) return node.map((item) => interpolate(item, values));
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, interpolate(value, values)]));
}

/** `name:/target:ro` or the long form. @returns {{type: string, source: string, target: string, readOnly: boolean}} */
export function mountOf(volume) {
  if (typeof volume !== "string")
    return { type: volume.type, source: volume.source, target: volume.target, readOnly: volume.read_only === true };
  const [source, target, mode = ""] = volume.split(":");
  return { type: /^[./~]/.test(source) ? "bind" : "volume", source, target, readOnly: mode.split(",").includes("ro") };
}

/** `/tmp:mode=1777` @returns {{target: string, options: string}} */
export function tmpfsOf(text) {
  const [target, options = ""] = text.split(":");
  return { target, options };
}

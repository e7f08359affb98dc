// A Dockerfile as its stages, with what each instruction says.
import { createRequire } from "node:module";

// The parser that dockerfile-utils is made of; it is not one of this repository's own dependencies.
const require = createRequire(createRequire(import.meta.url).resolve("dockerfile-utils"));
const { DockerfileParser } = require("dockerfile-ast");

/**
 * @typedef {object} Instruction
 * @property {string} keyword upper case
 * @property {string} text its arguments as they are written
 * @property {string[]} words its arguments; of one in JSON form, the strings
 * @property {Record<string, string>} flags as `from` of `--from=build`
 * @property {number} line counted from 1
 *
 * @typedef {object} Stage
 * @property {string | undefined} name
 * @property {string} base an image, or an earlier stage's name; arguments before the first FROM are filled in
 * @property {number} line
 * @property {Instruction[]} instructions
 */

/** @param {string} text a Dockerfile's @returns {Stage[]} */
export function dockerfileStages(text) {
  /** @type {Stage[]} */
  const stages = [];
  const values = {};
  for (const node of DockerfileParser.parse(text).getInstructions()) {
    const instruction = instructionOf(node);
    const { keyword, words, line } = instruction;
    if (keyword === "FROM") {
      const [image, as, name] = words;
      stages.push({ name: as === undefined ? undefined : name, base: fill(image, values), line, instructions: [] });
    } else if (stages.length === 0 && keyword === "ARG") Object.assign(values, settings(instruction));
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

function instructionOf(node) {
  const text = node.getRawArgumentsContent() ?? "";
  const flags = {};
  for (const flag of node.getFlags?.() ?? []) flags[flag.getName()] = flag.getValue() ?? "";
  const start = text.indexOf("[");
  const words =
    text.trimEnd().endsWith("]") && start >= 0 && /^(?:CMD )?$/.test(text.slice(0, start))
      ? JSON.parse(text.slice(start))
      : node.getArguments().map((argument) => argument.getValue());
  return { keyword: node.getKeyword(), text, words, flags, line: node.getRange().start.line + 1 };
}

/** Names and values of ENV, ARG or LABEL: `A=1 B="two words"`. @param {{text: string}} instruction */
export function settings({ text }) {
  const found = {};
  for (const [, name, quoted, plain] of text.matchAll(/([\w.-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g))
    found[name] = quoted ?? plain;
  return found;
}

function fill(text, values) {
  return text.replace(/\$\{(\w+)\}|\$(\w+)/g, (whole, braced, bare) => values[braced ?? bare] ?? whole);
}

/** The names of a stage and the stages that it is made from, itself last. @param {Stage[]} stages */
export function lineage(stages, stage) {
  const parent = stages.find(({ name }) => name === stage.base);
  return parent === undefined ? [stage] : [...lineage(stages, parent), stage];
}

/** What the image does in the end: of each of these the last one counts. @param {Stage[]} stages */
export function runtimeOf(stages) {
  const line = lineage(stages, stages.at(-1)).flatMap(({ instructions }) => instructions);
  const last = (keyword) => line.filter((instruction) => instruction.keyword === keyword).at(-1);
  const env = Object.assign({}, ...line.filter(({ keyword }) => keyword === "ENV").map(settings));
  const folders = line.filter(({ keyword }) => keyword === "WORKDIR").map(({ text }) => text);
  return {
    user: last("USER")?.text,
    workdir: folders.at(-1) ?? "/",
    env,
    volumes: line.filter(({ keyword }) => keyword === "VOLUME").flatMap(({ words }) => words),
    ports: line.filter(({ keyword }) => keyword === "EXPOSE").flatMap(({ words }) => words.map(Number)),
    entrypoint: last("ENTRYPOINT")?.words ?? [],
    command: last("CMD")?.words ?? [],
    healthcheck: last("HEALTHCHECK"),
    stopSignal: last("STOPSIGNAL")?.text,
  };
}

import { resolve } from "node:path";
import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import type { SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { PROBE_QUERIES, type Probe, probe } from "@fedbaps/core/blackbox/probe.js";
import { SPEC_HELP } from "@fedbaps/core/blackbox/spec.js";
import type { TensorDescription } from "@fedbaps/core/blackbox/tensor.js";
import { codeOf, FedBapsError } from "@fedbaps/core/common/errors.js";
import { writeMaskPng } from "@fedbaps/core/image/write.js";
import { overlap, threshold } from "@fedbaps/core/metrics/overlap.js";
import { Command } from "commander";
import { type CommandIo, printJson, say } from "../command-io.js";
import { type HomeOption, homeFolder, integer, openOptions } from "../options.js";
import { readSiteSettings } from "../site-settings.js";

interface CheckOptions extends HomeOption {
  readonly mask?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** Below this a model that takes clicks has probably not understood where they are. */
const LEAST_DICE = 0.5;

/** `fedbaps-site blackbox check`: whether a black box can be used, and how it was understood. */
export function blackboxCommand(io: CommandIo): Command {
  const command = new Command("blackbox").description("look at a black box before it is used");
  const check = new Command("check")
    .description(
      `open a black box, say what it is, and ask it about drawn pictures (${PROBE_QUERIES} queries): does it answer, and how fast`,
    )
    .argument("[spec]", `${SPEC_HELP} (default: the one in site.yaml, else bundled)`)
    .option("--mask <file>", "write the mask of the first answer there, as PNG")
    .option("--threads <n>", "CPU threads of the black box", integer(1, 256))
    .option("--json", "print one JSON document on standard output");
  check.action((spec: string | undefined) => run(io, spec, check.optsWithGlobals()));
  return command.addCommand(check);
}

async function run(io: CommandIo, given: string | undefined, options: CheckOptions): Promise<void> {
  const spec = given ?? (await readSiteSettings(homeFolder(io, options)))?.blackbox ?? "bundled";
  try {
    const model = await openBlackBox(spec, await openOptions(io, options));
    try {
      await look(io, model, options);
    } finally {
      await model.close();
    }
  } catch (error) {
    if (options.json && error instanceof FedBapsError)
      printJson(io, { ok: false, blackbox: spec, code: codeOf(error), error: error.message });
    throw error;
  }
}

async function look(io: CommandIo, model: SegmentationModel, options: CheckOptions): Promise<void> {
  if (io.terminal) io.stderr(`asking ${PROBE_QUERIES} times ...`);
  const meter = new QueryMeter(PROBE_QUERIES, io.clock);
  const asked = await probe(new MeteredModel(model, meter, "report"), io.clock, io.signal);
  if (io.terminal) io.stderr("\r\u001b[K");
  const mask = threshold(asked.answer, 0.5);
  const { dice } = overlap(mask, asked.scene.mask);
  const file = options.mask === undefined ? undefined : resolve(options.mask);
  if (file !== undefined) await writeMaskPng(file, mask);
  const figures = describe(model, asked, dice, meter.spent);
  if (options.json) printJson(io, { ...figures, ...(file === undefined ? {} : { mask: file }) });
  else io.stdout(text(figures, file));
  if (dice < LEAST_DICE)
    say(
      io,
      `note: the answer to a click on a plain ellipse has Dice ${dice.toFixed(2)} with it: look at the mask (--mask FILE), at the pixel range and at the order of the files`,
    );
}

function describe(model: SegmentationModel, { msPerImage }: Probe, dice: number, queries: number) {
  const { description } = model;
  const tensors = (list: readonly TensorDescription[]) =>
    list.map(({ name, type, shape }) => ({ name, type, shape: shape.map((size) => size ?? null) }));
  const rounded = (value: number) => Number(value.toPrecision(4));
  return {
    ok: true,
    blackbox: description.name,
    family: description.family,
    identity: description.identity,
    inputs: tensors(description.inputs),
    outputs: tensors(description.outputs),
    prompts: description.prompts,
    nativeSize: description.nativeSize,
    geometry: description.geometry,
    maxBatch: description.maxBatch,
    concurrency: description.concurrency,
    remote: description.remote ?? null,
    notes: description.notes,
    drawnDice: rounded(dice),
    queries,
    msPerImage: { 1: rounded(msPerImage[1]), 8: rounded(msPerImage[8]) },
  };
}

function text(figures: ReturnType<typeof describe>, mask: string | undefined): string {
  const { nativeSize, msPerImage } = figures;
  const shown = (list: (typeof figures)["inputs"]) =>
    list.map(({ name, type, shape }) => `    ${name} ${type} [${shape.map((size) => size ?? "?").join(",")}]`);
  const lines = [
    `ok: ${figures.blackbox}`,
    `  family      ${figures.family}`,
    `  identity    ${figures.identity}`,
    "  inputs",
    ...shown(figures.inputs),
    "  outputs",
    ...shown(figures.outputs),
    `  prompts     ${figures.prompts.join(", ")}`,
    `  native size ${nativeSize.width} x ${nativeSize.height}, pictures ${figures.geometry === "stretch" ? "are squeezed into it" : "keep their proportions"}`,
    `  images go   ${figures.remote === null ? "nowhere: it runs in this process" : `to ${figures.remote}`}`,
    `  speed       ${msPerImage[1]} ms an image alone, ${msPerImage[8]} ms in eight (${figures.maxBatch} a call, ${figures.concurrency} calls at once)`,
    `  answer      Dice ${figures.drawnDice.toFixed(3)} on a drawn ellipse, one click; ${figures.queries} queries spent`,
    ...figures.notes.map((note) => `  note        ${note}`),
    ...(mask === undefined ? [] : [`  mask        ${mask}`]),
  ];
  return `${lines.join("\n")}\n`;
}

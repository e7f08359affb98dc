import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { messageOf } from "@fedbaps/core/common/errors.js";
import { saveDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { DECODER_KINDS, type DecoderKind } from "@fedbaps/core/decoder/parameters.js";
import { type AdaptationResult, adaptLocally, type LocalProgress } from "@fedbaps/core/training/local-adaptation.js";
import { PRESET_NAMES, type PresetName } from "@fedbaps/core/training/presets.js";
import { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { Command } from "commander";
import { AgentError } from "../errors.js";
import { leftOutCounts, sayLeftOut } from "../left-out.js";
import {
  addMeasureOptions,
  type CommandIo,
  integer,
  type MeasureOptions,
  measureSettings,
  oneOf,
  printJson,
  say,
  sayNotes,
} from "../options.js";
import { writePictures } from "../pictures.js";
import { AnswerFiles, type Subject } from "../report/answer-files.js";
import { type Results, writeResults } from "../report/results-file.js";

interface AdaptOptions extends MeasureOptions {
  readonly decoder: DecoderKind;
  readonly preset: PresetName;
  readonly budget: number;
  readonly out: string;
  readonly clicks: number;
}

/** Parts of a local run: the decoder is compared on the validation list after each. */
const PARTS = 6;

/** `fedbaps-site adapt`: BAPS on this site's images alone, without a federation. */
export function adaptCommand(io: CommandIo): Command {
  const command = addMeasureOptions(new Command("adapt"))
    .description("adapt the black box to this site's images alone, without a federation")
    .option("--decoder <kind>", DECODER_KINDS.join(", "), oneOf(DECODER_KINDS), "filter-bank")
    .option("--preset <name>", `${PRESET_NAMES.join(", ")} (paper: BAPS as published)`, oneOf(PRESET_NAMES), "adam")
    .option("--budget <queries>", "black-box queries at most, for everything", integer(1), 1500)
    .option("--clicks <n>", "simulated clicks per test image", integer(1, 100), 3)
    .option("--out <dir>", "folder for the decoder and the pictures", "fedbaps-adapted");
  return command.action(() => run(io, command.optsWithGlobals()));
}

async function run(io: CommandIo, options: AdaptOptions): Promise<void> {
  const settings = await measureSettings(io, options);
  const out = resolve(options.out);
  const file = join(out, "decoder.safetensors");
  await checkWritable(out);
  const started = io.clock.now();
  const training = await SiteTraining.open({
    ...settings,
    decoder: options.decoder,
    preset: options.preset,
    budget: options.budget,
    rounds: PARTS,
    clicks: options.clicks,
    site: "local",
    clock: io.clock,
  });
  try {
    sayNotes(io, training.model);
    sayLeftOut(io, training.dataset);
    const onProgress = progressLine(io, training, started);
    const { name: blackbox, identity: blackboxIdentity, geometry, nativeSize } = training.model.description;
    const provenance = {
      decoder: options.decoder,
      blackbox,
      blackboxIdentity,
      study: "local",
      seed: settings.seed,
      sizing: { geometry, nativeSize },
    };
    // The best so far is on the disk while the run goes on: what was paid for is not lost with the process.
    const onBetter = (theta: Float32Array, version: number) => saveDecoder(file, theta, { ...provenance, version });
    const answers = new AnswerFiles(out);
    const onAnswers = (subject: Subject, given: Parameters<typeof answers.save>[1]) => answers.save(subject, given);
    await answers.clear();
    const result = await adaptLocally(training, { signal: io.signal, onProgress, onBetter, onAnswers });
    if (io.terminal) io.stderr("\n");
    if (!result.deployed) await saveDecoder(file, result.theta, { ...provenance, version: 0 });
    await writeResults(out, resultsOf(training, result, options, settings.seed, io.clock.now()));
    await writePictures({ training, out, ...(result.deployed ? { theta: result.theta } : {}) });
    print(io, options, training, result, (io.clock.now() - started) / 1000, file);
  } finally {
    await training.close();
  }
}

function resultsOf(
  training: SiteTraining,
  { zeroShot, adapted, deployed, version, validation, curve }: AdaptationResult,
  { decoder, preset, budget, clicks }: AdaptOptions,
  seed: number,
  now: number,
): Results {
  const { train, val, test } = training.dataset;
  const { name, identity } = training.model.description;
  const decoderParameters = training.parameterCount;
  return {
    at: new Date(now).toISOString(),
    study: "local",
    settings: { decoder, decoderParameters, preset, rounds: PARTS, budget, clicks, seed },
    blackbox: { name, identity },
    images: { train: train.length, val: val.length, test: test.length },
    deployed,
    version,
    validation,
    curve,
    test: { zeroShot, adapted: deployed ? adapted : null },
    meter: training.meter.state,
  };
}

/** Before anything is paid for. @throws AgentError OUT_UNWRITABLE */
async function checkWritable(out: string): Promise<void> {
  const probe = join(out, ".writable");
  try {
    await writeFileAtomic(probe, "");
    await rm(probe);
  } catch (error) {
    throw new AgentError(
      "OUT_UNWRITABLE",
      `--out ${out}: cannot be written (${messageOf(error)}); choose another folder`,
    );
  }
}

function progressLine(io: CommandIo, training: SiteTraining, started: number): (progress: LocalProgress) => void {
  return ({ round, rounds, stepsDone, stepsPlanned, loss, valDice }) => {
    if (!io.terminal && stepsDone < stepsPlanned) return;
    const share = (round - 1 + stepsDone / stepsPlanned) / rounds;
    const left = Math.round(((io.clock.now() - started) / 1000) * (1 / share - 1));
    const line =
      `part ${round} of ${rounds}, ${training.meter.spent} of ${training.meter.budget} queries, ` +
      `loss ${loss.toFixed(3)}, best validation Dice ${valDice.toFixed(3)}, about ${left} s left`;
    if (io.terminal) io.stderr(`\r${line}   `);
    else say(io, line);
  };
}

function print(
  io: CommandIo,
  options: AdaptOptions,
  training: SiteTraining,
  result: AdaptationResult,
  wallSeconds: number,
  file: string,
): void {
  const { zeroShotDice, adaptedDice, deployed, curve } = result;
  const queries = training.meter.spent;
  if (options.json) {
    printJson(io, {
      zeroShotDice,
      adaptedDice,
      deployed,
      decoderParameters: training.parameterCount,
      queries,
      blackboxSeconds: training.meter.state.seconds,
      wallSeconds,
      leftOut: leftOutCounts(training.dataset),
      curve: curve.map((point) => ({ queries: point.queries, valDice: point.valDice })),
    });
    return;
  }
  const gain = adaptedDice - zeroShotDice;
  io.stdout(
    `zero-shot Dice ${zeroShotDice.toFixed(3)}, adapted ${adaptedDice.toFixed(3)} (${gain >= 0 ? "+" : ""}${gain.toFixed(3)}) ` +
      `on ${training.dataset.test.length} test images, ${queries} queries\n`,
  );
  if (!deployed) io.stdout("no version was better than zero-shot on the validation images: stay with zero-shot\n");
  io.stdout(`decoder in ${file}\n`);
}

import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { elapsed } from "@fedbaps/core/common/clock.js";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { fileFailure } from "@fedbaps/core/common/file-failure.js";
import { saveDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { DECODER_KINDS, type DecoderKind } from "@fedbaps/core/decoder/parameters.js";
import { meanDice } from "@fedbaps/core/training/evaluate.js";
import { decoderOf, mismatch, PRESET_NAMES, type PresetName } from "@fedbaps/core/training/presets.js";
import { SiteTraining } from "@fedbaps/core/training/site-training.js";
import { Command } from "commander";
import { AdaptCheckpoint } from "../adapt/checkpoint.js";
import { AdaptRun, type AdaptRunResult } from "../adapt/run.js";
import { runSettings } from "../adapt/settings.js";
import { type CommandIo, printJson, say } from "../command-io.js";
import { AgentError } from "../errors.js";
import { leftOutCounts, sayLeftOut } from "../left-out.js";
import { lockFolder } from "../lock.js";
import {
  addMeasureOptions,
  integer,
  type MeasureOptions,
  type MeasureSettings,
  measureSettings,
  oneOf,
  sayNotes,
} from "../options.js";
import { writePictures } from "../pictures.js";
import { notEnough } from "../report/not-shown.js";
import { referenceWords } from "../report/reference.js";
import { type Results, type TestScores, writeResults } from "../report/results-file.js";

interface AdaptOptions extends MeasureOptions {
  readonly decoder: DecoderKind;
  readonly preset: PresetName;
  readonly budget: number;
  readonly out: string;
  readonly clicks: number;
  readonly spendAll?: boolean;
  readonly restart?: boolean;
}

/** As they are on the command line. */
type GivenOptions = Omit<AdaptOptions, "decoder"> & { readonly decoder?: DecoderKind };

/** Parts of a local run: the decoder is compared on the validation list after each. */
const PARTS = 6;

/** `fedbaps-site adapt`: BAPS on this site's images alone, without a federation. */
export function adaptCommand(io: CommandIo): Command {
  const command = addMeasureOptions(new Command("adapt"))
    .description("adapt the black box to this site's images alone, without a federation")
    .option("--decoder <kind>", `${DECODER_KINDS.join(", ")} (default: texture; baps with paper)`, oneOf(DECODER_KINDS))
    .option("--preset <name>", `${PRESET_NAMES.join(", ")} (paper: BAPS as published)`, oneOf(PRESET_NAMES), "adam")
    .option("--budget <queries>", "black-box queries at most, for everything", integer(1), 1500)
    .option("--spend-all", "spend the whole budget, also where nothing is gained any more (texture ends early)")
    .option("--clicks <n>", "simulated clicks per test image", integer(1, 100), 3)
    .option(
      "--out <dir>",
      "folder for the decoder and the pictures; an unfinished run there goes on",
      "fedbaps-adapted",
    )
    .option("--restart", "give up the unfinished run in --out and begin anew");
  return command.action(() => run(io, withDecoder(command.optsWithGlobals())));
}

/** The decoder that goes with the preset, where none is named. @throws UsageError for two that do not go together. */
function withDecoder(options: GivenOptions): AdaptOptions {
  const decoder = options.decoder ?? decoderOf(options.preset);
  const unfit = mismatch(options.preset, decoder);
  if (unfit) throw new UsageError(unfit);
  return { ...options, decoder };
}

async function run(io: CommandIo, options: AdaptOptions): Promise<void> {
  const settings = await measureSettings(io, options);
  const out = resolve(options.out);
  await checkWritable(out);
  const release = await lockFolder({ folder: out, lock: join(out, ".lock") }, "fedbaps-site adapt", io);
  try {
    await adaptInto(io, options, settings, out);
  } finally {
    await release();
  }
}

async function adaptInto(io: CommandIo, options: AdaptOptions, settings: MeasureSettings, out: string): Promise<void> {
  const started = elapsed(io.clock);
  const checkpoint = new AdaptCheckpoint(out);
  if (options.restart) await checkpoint.remove();
  const before = await checkpoint.load();
  const training = await SiteTraining.open({
    ...settings,
    decoder: options.decoder,
    preset: options.preset,
    budget: options.budget,
    rounds: PARTS,
    alone: true,
    clicks: options.clicks,
    site: "local",
    clock: io.clock,
    ...(before ? { meter: before.meter } : {}),
  }).catch((error: unknown) => {
    if (io.signal.aborted)
      say(io, `stopped before anything was asked; ${before ? `what is in ${out} stays` : "nothing was paid for"}`);
    throw error;
  });
  const run = new AdaptRun({
    io,
    training,
    checkpoint,
    out,
    before,
    // Shown to cost nothing for textures only.
    stopsEarly: options.decoder === "texture" && !options.spendAll,
    settings: runSettings(options, settings.seed, training, settings.material.reading),
  });
  try {
    sayNotes(io, training.model);
    sayLeftOut(io, training.dataset);
    const { name: blackbox, identity: blackboxIdentity, geometry, nativeSize } = training.model.description;
    const provenance = {
      decoder: options.decoder,
      blackbox,
      blackboxIdentity,
      study: "local",
      seed: settings.seed,
      sizing: { geometry, nativeSize },
    };
    const file = join(out, "decoder.safetensors");
    const save = (theta: Float32Array, version: number) => saveDecoder(file, theta, { ...provenance, version });
    const result = await run.toEnd(save);
    await run.keep(async () => {
      if (!result.deployed) await save(result.theta, 0);
      await writeResults(out, resultsOf(training, result, options, settings.seed, io.clock.now()));
      await writePictures({ training, out, ...(result.deployed ? { theta: result.theta } : {}) });
    });
    const queries = training.meter.spent + run.lost;
    print(io, options, training, result, { queries, wallSeconds: (elapsed(io.clock) - started) / 1000, file });
    await checkpoint.remove();
  } finally {
    run.close();
    await training.close();
  }
}

function resultsOf(
  training: SiteTraining,
  result: AdaptRunResult,
  { decoder, preset, budget, clicks }: AdaptOptions,
  seed: number,
  now: number,
): Results {
  const { deployed, version, validation, curve } = result;
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
    test: testScores(result),
    meter: training.meter.state,
  };
}

function testScores({ zeroShot, adapted, deployed, reference }: AdaptRunResult): TestScores {
  return { zeroShot, adapted: deployed ? adapted : null, reference };
}

/** Before anything is paid for. @throws AgentError OUT_UNWRITABLE */
async function checkWritable(out: string): Promise<void> {
  const probe = join(out, ".writable");
  try {
    await writeFileAtomic(probe, "");
    await rm(probe);
  } catch (error) {
    const { what, remedy } = fileFailure(error) ?? { what: messageOf(error), remedy: "choose another folder" };
    throw new AgentError("OUT_UNWRITABLE", `--out ${out} cannot be written: ${what}; ${remedy}, or give another --out`);
  }
}

function print(
  io: CommandIo,
  options: AdaptOptions,
  training: SiteTraining,
  result: AdaptRunResult,
  { queries, wallSeconds, file }: { readonly queries: number; readonly wallSeconds: number; readonly file: string },
): void {
  const { zeroShotDice, adaptedDice, deployed, settled, curve, reference } = result;
  if (options.json) {
    printJson(io, {
      zeroShotDice,
      adaptedDice,
      referenceDice: reference ? meanDice(reference) : null,
      deployed,
      decoderParameters: training.parameterCount,
      queries,
      endedEarly: settled,
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
  if (settled)
    io.stdout(
      `ended early: the last versions gained nothing on the validation images; ${options.budget - queries} queries of the ` +
        "budget are left (--spend-all uses them)\n",
    );
  if (!deployed) {
    const higher = notEnough(curve);
    io.stdout("no version was shown to be better than zero-shot on the validation images: stay with zero-shot\n");
    if (higher !== undefined) io.stdout(`${higher}\n`);
  }
  const alone = referenceWords(testScores(result), options.seed);
  if (alone) io.stdout(`${alone.figure}\n`);
  if (alone?.advice !== undefined) io.stdout(`${alone.advice}\n`);
  io.stdout(`decoder in ${file}\n`);
}

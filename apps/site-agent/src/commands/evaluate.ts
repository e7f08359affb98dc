import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { CachedModel } from "@fedbaps/core/blackbox/cached.js";
import { freshMeter, MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { asBytes } from "@fedbaps/core/common/bytes.js";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import type { Dataset, Sample } from "@fedbaps/core/data/dataset.js";
import { openUsable } from "@fedbaps/core/data/usable.js";
import { loadDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { mean } from "@fedbaps/core/math/vector.js";
import { bootstrapMeanCi95 } from "@fedbaps/core/metrics/bootstrap.js";
import { CaseCache } from "@fedbaps/core/training/cases.js";
import { evaluate, type ImageScore } from "@fedbaps/core/training/evaluate.js";
import { Command } from "commander";
import { picturesHash, type RunSettings } from "../adapt/settings.js";
import { type CommandIo, printJson, say } from "../command-io.js";
import { homeScoresFile, KeptScores } from "../evaluation/kept-scores.js";
import { GracefulStop } from "../graceful-stop.js";
import { Home } from "../home.js";
import { leftOutCounts, sayLeftOut } from "../left-out.js";
import {
  addMeasureOptions,
  homeFolder,
  integer,
  type MeasureOptions,
  measureSettings,
  oneOf,
  sayNotes,
} from "../options.js";
import { WorkProgress } from "../work-progress.js";

const SPLITS = ["train", "val", "test", "all"] as const;
type Split = (typeof SPLITS)[number];

interface EvaluateOptions extends MeasureOptions {
  readonly adapted?: string;
  readonly clicks: number;
  readonly points: number;
  readonly box?: boolean;
  readonly split: Split;
  readonly showNames?: boolean;
  readonly resume?: string;
  readonly restart?: boolean;
}

const CACHE_BYTES = 500_000_000;

/** `fedbaps-site evaluate`: measures the zero-shot model, or a decoder, on the site's own images. */
export function evaluateCommand(io: CommandIo): Command {
  const command = addMeasureOptions(new Command("evaluate"))
    .description("measure the black box on this site's images, as it is or with a decoder")
    .option("--adapted <file>", "a decoder (.safetensors) to measure; without it, zero-shot")
    .option("--clicks <n>", "simulated clicks per image, one query each", integer(1, 100), 3)
    .option("--points <n>", "points in each query's prompt (zero-shot only)", integer(1, 20), 1)
    .option("--box", "one query per image with the mask's bounding box instead of clicks (zero-shot only)")
    .option("--split <part>", SPLITS.join(", "), oneOf(SPLITS), "test")
    .option("--resume <file>", "keep unfinished work there (default: in the home), and go on with what is there")
    .option("--restart", "give up unfinished work and begin anew")
    .option("--show-names", "name the images by their files (stays on this machine: mind who reads it)");
  return command.action(() => run(io, command.optsWithGlobals(), command.getOptionValueSource("seed") !== "default"));
}

async function run(io: CommandIo, options: EvaluateOptions, seedGiven: boolean): Promise<void> {
  if (options.adapted !== undefined && (options.box || options.points > 1))
    throw new UsageError("a decoder draws for one click: --adapted goes without --box and --points");
  const loaded = options.adapted === undefined ? undefined : await loadDecoder(options.adapted);
  const seed = loaded && !seedGiven ? loaded.provenance.seed : options.seed;
  if (loaded && seed !== loaded.provenance.seed)
    io.stderr(
      `note: this decoder was made with seed ${loaded.provenance.seed}; with seed ${seed} it may have trained on images measured here\n`,
    );
  const settings = await measureSettings(io, { ...options, seed });
  const dataset = await openUsable(settings.data, { ...settings.material, seed });
  sayLeftOut(io, dataset);
  const samples = choose(dataset, options.split);
  const decoder = await openDecoder(loaded?.provenance.decoder ?? "texture");
  const model = await openBlackBox(settings.blackbox, settings.open);
  const cases = new CaseCache(decoder, model.description, CACHE_BYTES);
  try {
    sayNotes(io, model);
    if (loaded && loaded.provenance.blackboxIdentity !== model.description.identity)
      io.stderr(`note: this decoder was made for another black box (${loaded.provenance.blackbox})\n`);
    const kept = await keptScores(io, options, {
      "--split": options.split,
      "--clicks": options.clicks,
      "--points": options.points,
      "--box": options.box ? "given" : "not given",
      "--seed": settings.seed,
      "the decoder": loaded ? sha256Hex(asBytes(loaded.theta)) : "none",
      "the black box": model.description.identity,
      "the set of pictures, or how it is read,": picturesHash(dataset, settings.material.reading),
    });
    const meter = new QueryMeter(Number.POSITIVE_INFINITY, io.clock, { ...freshMeter, report: kept?.queries ?? 0 });
    const metered = new MeteredModel(model, meter, "report");
    const stop = new GracefulStop(io.signal, io.clock, () => say(io, stopping(kept)));
    const work = new WorkProgress(io, "images", samples.length);
    const known = kept?.scores ?? [];
    if (known.length > 0) say(io, `goes on where it was: ${known.length} of ${samples.length} images are measured`);
    const measuring = evaluate(
      {
        decoder,
        model: settings.answers && !loaded ? new CachedModel(metered, settings.answers) : metered,
        cases,
        clicks: options.clicks,
        points: options.points,
        box: options.box === true,
        seed: settings.seed,
        surface: true,
        signal: stop.late,
      },
      samples,
      loaded?.theta,
      {
        known,
        onScores: async (scores) => {
          await kept?.save(scores, meter.spent);
          work.show(scores.length, known.length);
          stop.check();
        },
      },
    );
    const scores = await measuring.finally(() => {
      work.end();
      stop.end();
    });
    print(io, options, { dataset, samples, scores, queries: meter.spent, seed: settings.seed });
    await kept?.remove();
  } finally {
    cases.clear();
    await model.close();
  }
}

/** Where the scores of this measurement are kept until it is finished: `--resume`, else the home, where there is one. */
async function keptScores(
  io: CommandIo,
  options: EvaluateOptions,
  settings: RunSettings,
): Promise<KeptScores | undefined> {
  const home = new Home(homeFolder(io, options));
  const inHome = async () =>
    (await home.isInitialised()) ? homeScoresFile(home, settings, io.clock.now()) : undefined;
  const file = options.resume === undefined ? await inHome() : resolve(options.resume);
  if (file === undefined) return undefined;
  if (options.restart) await rm(file, { force: true });
  const warn = (line: string) => say(io, `note: ${line}`);
  try {
    return await KeptScores.open(file, settings, warn);
  } catch (error) {
    // Asked for, it must work; else a home that cannot be written to is no hindrance to measuring.
    if (options.resume !== undefined) throw error;
    warn(`what is measured is not kept for a stop: ${messageOf(error)}`);
    return undefined;
  }
}

function stopping(kept: KeptScores | undefined): string {
  return kept
    ? `stopping; what was paid for is kept in ${kept.file}, and the same command goes on from there`
    : "stopping; nothing is kept, as there is no home: with --resume FILE a measurement goes on where it was";
}

function choose(dataset: Dataset, split: Split): readonly Sample[] {
  const samples = split === "all" ? [...dataset.train, ...dataset.val, ...dataset.test] : dataset[split];
  if (samples.length === 0) throw new UsageError(`the ${split} split has no images`);
  return [...samples].sort((a, b) => a.id - b.id);
}

interface Measured {
  readonly dataset: Dataset;
  readonly samples: readonly Sample[];
  readonly scores: readonly ImageScore[];
  readonly queries: number;
  readonly seed: number;
}

function print(io: CommandIo, options: EvaluateOptions, measured: Measured): void {
  const { dataset, samples, scores, queries, seed } = measured;
  const dices = scores.map(({ dice }) => dice);
  const stems = new Map(samples.map(({ id, stem }) => [id, stem]));
  const figures = {
    images: scores.length,
    prompt: options.box ? "box" : "clicks",
    clicks: options.box ? 0 : options.clicks,
    points: options.box ? 0 : options.points,
    dice: mean(dices),
    diceCi95: bootstrapMeanCi95(dices, new RandomStream(seed, "bootstrap")),
    iou: mean(scores.map(({ iou }) => iou)),
    hd95: mean(scores.map(({ hd95 }) => hd95 ?? Number.NaN)),
    queries,
    adapted: options.adapted !== undefined,
    leftOut: leftOutCounts(dataset),
    perImage: scores.map(({ id, dice }) => ({ id: options.showNames ? (stems.get(id) ?? id) : id, dice })),
  };
  if (options.json) {
    printJson(io, figures);
    return;
  }
  const [low, high] = figures.diceCi95;
  const points = figures.points > 1 ? ` of ${figures.points} points` : "";
  const asked = options.box ? "one box each" : `${figures.clicks} clicks${points} each`;
  io.stdout(
    `${figures.adapted ? "adapted" : "zero-shot"} on ${figures.images} images, ${asked}\n` +
      `Dice ${figures.dice.toFixed(3)} (95 % interval ${low.toFixed(3)} to ${high.toFixed(3)}), ` +
      `IoU ${figures.iou.toFixed(3)}, HD95 ${figures.hd95.toFixed(1)} pixels, ${queries} queries\n`,
  );
  if (options.showNames) for (const { id, dice } of figures.perImage) io.stdout(`${id}  ${dice.toFixed(3)}\n`);
}

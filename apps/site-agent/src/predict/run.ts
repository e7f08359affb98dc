import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import type { ModelDescription, Prompt, SegmentationModel } from "@fedbaps/core/blackbox/model.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { FedBapsError, messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import type { ListedPrompt } from "@fedbaps/core/data/prompt-list.js";
import { readingRules } from "@fedbaps/core/data/reading.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import { type CommandIo, say } from "../command-io.js";
import { AgentError } from "../errors.js";
import { Home } from "../home.js";
import { homeFolder, openOptions, sayNotes } from "../options.js";
import { readSiteSettings } from "../site-settings.js";
import { VERSION } from "../version.js";
import { WorkProgress } from "../work-progress.js";
import { Batch, type BatchResult, failedOf } from "./batch.js";
import { chooseDecoder, type DecoderChoice, misfit, unfit } from "./decoder-choice.js";
import { findInputs, type Inputs } from "./inputs.js";
import { Ledger } from "./ledger.js";
import type { PredictOptions } from "./options.js";
import { type Plan, planListed, planSame, type Where } from "./plan.js";
import { Predictor } from "./predictor.js";
import type { Task } from "./task.js";

/** Everything that a run of `predict` did. */
export interface Outcome {
  readonly out: string;
  /** Prompts asked for: those that were answered, now or before, and those that failed. */
  readonly pictures: number;
  /** Pictures of the folder for which the list holds no prompt. */
  readonly unlisted: number;
  readonly result: BatchResult;
  /** What was found to draw, and whether it fits the black box. */
  readonly decoder: DecoderChoice;
  readonly blackbox: ModelDescription;
  readonly queries: number;
}

/**
 * Segments the pictures at a path. What went wrong with single pictures is in the result.
 * @throws UsageError before anything is asked; what ends the work as a whole
 */
export async function predictAll(
  io: CommandIo,
  path: string,
  prompts: Prompt | readonly ListedPrompt[],
  options: PredictOptions,
): Promise<Outcome> {
  const { out } = options;
  const home = new Home(homeFolder(io, options));
  const { decoder: file, study, zeroShot: none } = options;
  const choice = await chooseDecoder({ home, file, study, none });
  const inputs = await findInputs(path, out);
  const settings = await readSiteSettings(home.folder);
  // Grey values and planes as the decoder was trained with, unless the flags say otherwise.
  const { window, plane } = readingRules({ window: options.window, plane: options.plane }, settings?.reading);
  const plan = await planOf(inputs, prompts, options, { plane, ...(window === undefined ? {} : { window }) });
  const model = await openBlackBox(options.blackbox ?? settings?.blackbox ?? "bundled", await openOptions(io, options));
  try {
    sayNotes(io, model);
    refuseBoxes(plan.tasks, model.description);
    const fitting = fit(choice, model.description, options.forceDecoder === true);
    const meter = new QueryMeter(Number.POSITIVE_INFINITY, io.clock);
    const progress = new WorkProgress(io, "pictures", plan.tasks.length);
    const metered = new MeteredModel(model, meter, "report");
    const parts = { options, choice: fitting, model: metered, out, progress, ledger: await openLedger(out) };
    const result = await run(io, plan, parts);
    const before = [
      ...inputs.problems.map(({ code, file: image, message, remedy }) => ({
        image,
        code,
        message: `${image}: ${message}; ${remedy}`,
        usage: false,
      })),
      ...plan.refused.map(({ image, error }) => failedOf(image, error)),
    ];
    const failed = [...before, ...result.failed];
    return {
      out,
      pictures: result.predictions.length + failed.length,
      unlisted: plan.unlisted,
      result: { ...result, failed },
      decoder: fitting,
      blackbox: model.description,
      queries: meter.spent,
    };
  } finally {
    await model.close();
  }
}

function planOf(
  { pictures, folder }: Inputs,
  prompts: Prompt | readonly ListedPrompt[],
  { frame, slice, points = "" }: PredictOptions,
  rules: Where,
): Promise<Plan> {
  const where: Where = {
    ...rules,
    ...(frame === undefined ? {} : { frame }),
    ...(slice === undefined ? {} : { slice }),
  };
  return "points" in prompts
    ? planSame(pictures, prompts, where)
    : planListed(pictures, prompts, { file: points, partly: !folder, where });
}

function refuseBoxes(tasks: readonly Task[], { name, prompts }: ModelDescription): void {
  if (!prompts.includes("box") && tasks.some(({ prompt }) => prompt.box))
    throw new UsageError(`the black box ${name} takes no boxes; give points`);
}

function fit(choice: DecoderChoice, description: ModelDescription, force: boolean): DecoderChoice {
  const why = force ? undefined : misfit(choice, description);
  return why === undefined ? choice : { reason: why };
}

interface BatchParts {
  readonly options: PredictOptions;
  readonly choice: DecoderChoice;
  readonly model: SegmentationModel;
  readonly out: string;
  readonly progress: WorkProgress;
  readonly ledger: Ledger;
}

async function makeBatch(io: CommandIo, { options, choice, model, out, progress, ledger }: BatchParts): Promise<Batch> {
  const { adapted, reason } = choice;
  const { maxBatch, concurrency, identity, name } = model.description;
  const decoder = adapted && { kind: await openDecoder(adapted.provenance.decoder), theta: adapted.theta };
  const decide = ({ prompt }: Task) => {
    const why = adapted && !options.forceDecoder ? unfit(prompt) : undefined;
    return { adapted: adapted !== undefined && why === undefined, reason: why ?? reason };
  };
  return new Batch({
    out,
    ledger,
    predictor: new Predictor(model, decoder),
    together: maxBatch * concurrency,
    made: { blackbox: identity, decoder: adapted?.hash ?? "", segment: options.segment },
    decide,
    labels: { segment: options.segment, algorithm: `FedBAPS ${VERSION} ${name.replace(/:.*/s, "")}` },
    clock: io.clock,
    signal: io.signal,
    onDone: (done, kept) => progress.show(done, kept),
  });
}

async function openLedger(out: string): Promise<Ledger> {
  try {
    return await Ledger.open(out);
  } catch (error) {
    if (error instanceof FedBapsError) throw error;
    throw new AgentError(
      "OUT_UNWRITABLE",
      `--out ${out}: cannot be written (${messageOf(error)}); choose another folder`,
    );
  }
}

/** Runs the batch; where it ends early, says what is kept. */
async function run(io: CommandIo, { tasks }: Plan, parts: BatchParts): Promise<BatchResult> {
  const { out, progress, ledger } = parts;
  const batch = await makeBatch(io, parts);
  try {
    return await batch.run(tasks);
  } catch (error) {
    progress.end();
    if (tasks.length > 1)
      say(io, `${batch.done} of ${tasks.length} are done and kept in ${out}; the same command goes on with the others`);
    throw error;
  } finally {
    progress.end();
    await ledger.close();
  }
}

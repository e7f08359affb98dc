import { resolve } from "node:path";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { PLANES, readingFields } from "@fedbaps/core/data/reading.js";
import type { WindowRule } from "@fedbaps/core/data/sources.js";
import { Command, InvalidArgumentError } from "commander";
import { type CommandIo, printJson, say } from "../command-io.js";
import { AgentError } from "../errors.js";
import { BLACKBOX_HELP, integer, oneOf } from "../options.js";
import type { PredictOptions } from "../predict/options.js";
import { collectLabel, collectPoint, parseBox, promptsOf } from "../predict/prompt-flags.js";
import { predictAll } from "../predict/run.js";
import { outcomeJson, outcomeText } from "../predict/summary.js";

/** Pictures that failed, told one by one. */
const LISTED = 20;

/** `fedbaps-site predict`: segments new pictures, with the adapted decoder where that does no harm. */
export function predictCommand(io: CommandIo): Command {
  const command = new Command("predict")
    .description("segment new pictures, with this site's adapted decoder where it was shown to be better")
    .argument("<image-or-dir>", "a picture (PNG, JPEG, TIFF, BMP, DICOM, NIfTI), or a folder of them")
    .option("--point <x,y>", "a click, in pixels from the upper left; may be given again", collectPoint)
    .option("--label <0|1>", "of the points in their order: 1 foreground (default), 0 background", collectLabel)
    .option("--box <x0,y0,x1,y1>", "a box around what is sought", parseBox)
    .option("--points <file>", "a CSV list of prompts: image,x,y[,label] or image,x0,y0,x1,y1")
    .option("--out <dir>", "folder for masks, overlays and probability maps", "predictions")
    .option("--study <name>", "use the decoder of this study (default: the one that finished here last)")
    .option("--decoder <file>", "use this decoder (.safetensors)")
    .option("--zero-shot", "use no decoder")
    .option("--force-decoder", "use the decoder also for another black box, a box or several points")
    .option("--frame <n>", "of a DICOM file of several frames, from 1", integer(1))
    .option("--slice <n>", "of a NIfTI volume, from 1", integer(1))
    .option("--plane <name>", `in which a volume is cut: ${PLANES.join(", ")}`, oneOf(PLANES))
    .option("--window <rule>", "grey values of DICOM and NIfTI: file, percentiles, or center,width", parseWindow)
    .option("--segment <name>", "what a DICOM segmentation calls it", "Segmentation")
    .option("--blackbox <spec>", BLACKBOX_HELP)
    .option("--threads <n>", "CPU threads of the black box", integer(1, 256))
    .option("--json", "print one JSON document on standard output");
  return command.action((path: string) => run(io, path, command.optsWithGlobals()));
}

async function run(io: CommandIo, path: string, options: PredictOptions): Promise<void> {
  const chosen = [options.study, options.decoder, options.zeroShot].filter((given) => given !== undefined);
  if (chosen.length > 1) throw new UsageError("give one of --study, --decoder and --zero-shot");
  if (!/^[^\\\p{Cc}]{1,64}$/u.test(options.segment))
    throw new UsageError("--segment: give a name of 1 to 64 characters, without a backslash");
  const prompts = await promptsOf(options);
  const outcome = await predictAll(io, path, prompts, { ...options, out: resolve(options.out) });
  const { failed, predictions } = outcome.result;
  // One picture that fails is an error like any other.
  const [only] = predictions.length === 0 && failed.length === 1 ? failed : [];
  if (options.json) printJson(io, outcomeJson(outcome));
  else if (!only) io.stdout(outcomeText(outcome));
  if (only) throw only.usage ? new UsageError(only.message) : new AgentError("PREDICTION_FAILED", only.message);
  if (failed.length === 0) return;
  for (const { code, message } of failed.slice(0, LISTED)) say(io, `${code}  ${message}`);
  if (failed.length > LISTED) say(io, `and ${failed.length - LISTED} more; --json lists all`);
  throw new AgentError(
    "PREDICTION_FAILED",
    `${failed.length} of ${outcome.pictures} could not be segmented; ${predictions.length === 0 ? "nothing was written" : `the others are in ${outcome.out}`}`,
  );
}

function parseWindow(text: string): WindowRule {
  const parsed = readingFields.window.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(`${parsed.error.issues[0].message}.`);
  return parsed.data;
}

import { resolve } from "node:path";
import { queriesOf } from "@fedbaps/core/blackbox/metered.js";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { FedBapsError, messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { Command } from "commander";
import { type CommandIo, printJson, say } from "../command-io.js";
import { AgentError } from "../errors.js";
import { Home } from "../home.js";
import { addReadingOptions } from "../material.js";
import { BLACKBOX_HELP, homeFolder, integer, type MeasureOptions, measureSettings } from "../options.js";
import { imageNames, type MadeGallery, makeGallery } from "../report/gallery.js";
import { loadSubject, type Subject } from "../report/load.js";
import { reportPage } from "../report/page.js";
import { referenceWords } from "../report/reference.js";
import { stateOf } from "../report/sections/summary.js";
import { compare, lead, outcomes } from "../report/statistics.js";
import { WorkProgress } from "../work-progress.js";

interface ReportOptions extends Omit<MeasureOptions, "seed"> {
  readonly out: string;
  readonly ask?: boolean;
  readonly showNames?: boolean;
  readonly pictures: boolean;
}

/** `fedbaps-site report`: the results of a study, or of a local run, as one page. */
export function reportCommand(io: CommandIo): Command {
  const command = addReadingOptions(new Command("report"))
    .description("the results of a study, or of a folder that adapt wrote, as one page of HTML")
    .argument("[study-or-dir]", "default: the study that finished here last, else the one under way")
    .option("--out <file>", "where the page goes", "report.html")
    .option("--data <dir>", "the site's folder of images with masks (default: the one in site.yaml)")
    .option("--show-names", "name the images by their files (mind who reads the page)")
    .option("--no-pictures", "without pictures of cases: figures only")
    .option("--ask", "ask the black box for answers that were not kept; each is a query")
    .option("--blackbox <spec>", BLACKBOX_HELP)
    .option("--threads <n>", "CPU threads of the black box", integer(1, 256))
    .option("--json", "print the figures as one JSON document on standard output");
  return command.action((named: string | undefined) => run(io, named, command.optsWithGlobals()));
}

async function run(io: CommandIo, named: string | undefined, options: ReportOptions): Promise<void> {
  if (options.showNames && !options.pictures)
    throw new UsageError("give --show-names or --no-pictures: names are read where the pictures are");
  const home = new Home(homeFolder(io, options));
  const subject = await loadSubject(home, named);
  const made = options.pictures ? await galleryOf(io, options, subject) : undefined;
  const out = resolve(options.out);
  const page = reportPage({
    data: subject.data,
    gallery: made?.gallery,
    nameOf: imageNames(options.showNames ? made?.stems : undefined),
    queries: made?.queries ?? 0,
    now: new Date(io.clock.now()).toISOString(),
  });
  try {
    // Pictures of patients: for the owner only.
    await writeFileAtomic(out, page, 0o600);
  } catch (error) {
    throw new AgentError(
      "OUT_UNWRITABLE",
      `--out ${out}: cannot be written (${messageOf(error)}); choose another file`,
    );
  }
  const note = made?.gallery.note;
  if (note !== undefined) say(io, `note: ${note}`);
  if (options.json) printJson(io, figuresOf(subject, made, out));
  else {
    const pictures = made?.gallery.pictures.size ?? 0;
    io.stdout(`${subject.data.name}: ${stateOf(subject.data).text}\n`);
    const { test, settings } = subject.data;
    const alone = test && referenceWords(test, settings?.seed ?? 0);
    if (alone) io.stdout(`${alone.figure}\n`);
    if (alone?.advice !== undefined) io.stdout(`${alone.advice}\n`);
    io.stdout(
      `report in ${out}${pictures > 0 ? `, with pictures of ${pictures} patients' images: it stays at the site` : ""}\n`,
    );
  }
}

/** @returns undefined where nothing was measured yet, or the pictures cannot be made: the page is as good without. */
async function galleryOf(io: CommandIo, options: ReportOptions, subject: Subject): Promise<MadeGallery | undefined> {
  const { test } = subject.data;
  if (!test) return undefined;
  let progress: WorkProgress | undefined;
  try {
    const settings = await measureSettings(io, { ...options, seed: subject.data.settings?.seed ?? 0 });
    return await makeGallery({
      subject,
      settings,
      ask: options.ask === true,
      clock: io.clock,
      onAsk: (queries) => {
        say(io, `${queries} answers were not kept: asking the black box, ${queries} queries`);
        progress = new WorkProgress(io, "queries", queries);
      },
      onDone: (done) => progress?.show(done),
    });
  } catch (error) {
    // What was asked for in so many words must not fail in silence.
    if (io.signal.aborted || options.ask || options.showNames || !(error instanceof FedBapsError)) throw error;
    if (error instanceof UsageError && options.data === undefined)
      say(io, "note: the page has no pictures, as no data folder is known; give --data DIR");
    else say(io, `note: the page has no pictures: ${error.message}`);
    return undefined;
  } finally {
    progress?.end();
  }
}

/** The page's figures, for machines; images by their numbers. */
function figuresOf({ data }: Subject, made: MadeGallery | undefined, out: string): unknown {
  const { test, meter, settings } = data;
  const seed = settings?.seed ?? 0;
  const comparisons = test ? compare(test.zeroShot, test.adapted, seed, test.reference) : [];
  return {
    study: data.name,
    ...(data.site === undefined ? {} : { site: data.site }),
    finished: data.finished,
    deployed: data.finished && data.version > 0,
    version: data.version,
    images: data.images ?? null,
    metrics: Object.fromEntries(
      comparisons.map(({ metric, zeroShot, adapted, reference, difference, p }) => [
        metric.toLowerCase(),
        {
          zeroShot,
          adapted: adapted ?? null,
          reference: reference ?? null,
          difference: difference ?? null,
          p: p ?? null,
        },
      ]),
    ),
    // By how much Dice the small network alone is ahead of what is in use.
    referenceLead: test?.reference ? lead(test.reference, test.adapted ?? test.zeroShot, seed) : null,
    outcomes: test?.adapted ? outcomes(test.zeroShot, test.adapted) : null,
    perImage:
      test?.zeroShot.map(({ id, dice }, i) => ({
        id,
        zeroShotDice: dice,
        adaptedDice: test.adapted?.[i]?.dice ?? null,
        referenceDice: test.reference?.[i]?.dice ?? null,
      })) ?? [],
    curve: data.curve,
    queries: queriesOf(meter),
    budget: settings?.budget ?? null,
    blackboxSeconds: meter.seconds,
    sent: data.sent ?? null,
    participation: data.participation,
    queriesForThisReport: made?.queries ?? 0,
    report: out,
  };
}

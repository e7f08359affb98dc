import { realpath } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { type Checked, checkData } from "@fedbaps/core/data/check.js";
import { chooseShown, dataSheet } from "@fedbaps/core/data/sheet.js";
import { badCases } from "@fedbaps/core/data/tolerance.js";
import { writePng } from "@fedbaps/core/image/write.js";
import { Command } from "commander";
import { type CommandIo, printJson, say } from "../command-io.js";
import { checkedJson, checkedText } from "../data-summary.js";
import { Home } from "../home.js";
import { addReadingOptions, type ReadingOptions, siteMaterial } from "../material.js";
import { type HomeOption, homeFolder, integer } from "../options.js";
import { limitThreads } from "../policy/opening.js";
import { readPolicy } from "../policy.js";
import { readSiteSettings } from "../site-settings.js";

interface CheckOptions extends HomeOption, ReadingOptions {
  readonly sheet?: string;
  readonly seed: number;
  readonly json?: boolean;
}

/** `fedbaps-site data`: what concerns the site's own data. */
export function dataCommand(io: CommandIo): Command {
  const check = addReadingOptions(new Command("check"))
    .description("read every picture and mask once, and report every problem at once; changes nothing in the folder")
    .argument("[dir]", "the site's folder of images with masks (default: the one in site.yaml)")
    .option("--sheet <file>", "write a contact sheet there (PNG; shows patients' pictures): outlines, bad cases marked")
    .option("--seed <n>", "seed of the split that is checked", integer(0), 1)
    .option("--json", "print one JSON document on standard output");
  check.action((dir: string | undefined) => run(io, dir, check.optsWithGlobals()));
  return new Command("data").description("the site's own data").addCommand(check);
}

async function run(io: CommandIo, dir: string | undefined, options: CheckOptions): Promise<void> {
  const home = new Home(homeFolder(io, options));
  const data = dir ?? (await readSiteSettings(home.folder))?.data;
  if (data === undefined)
    throw new UsageError("which data? Give a folder of images with masks, or set data in site.yaml");
  const folder = resolve(data);
  const sheet = options.sheet === undefined ? undefined : await outside(folder, resolve(options.sheet));
  // Without a policy that can be read, the data can still be looked at.
  await readPolicy(home).then(limitThreads, () => {});
  const material = await siteMaterial(io, home, options, { fresh: true });
  const checked = await checkData(folder, { ...material, seed: options.seed });
  if (options.json) printJson(io, checkedJson(checked));
  else io.stdout(checkedText(checked));
  if (sheet !== undefined) await writeSheet(io, sheet, checked);
  if (checked.error) throw checked.error;
}

/** A check changes nothing in the data folder. @throws UsageError for a file within it, or in no folder */
async function outside(folder: string, file: string): Promise<string> {
  const real = (path: string) => realpath(path).catch(() => undefined);
  const [target, data] = await Promise.all([real(dirname(file)), real(folder)]);
  if (target === undefined) throw new UsageError(`--sheet ${file}: there is no such folder; make it first`);
  const below = data === undefined ? ".." : relative(data, target);
  if (below !== ".." && !below.startsWith(`..${sep}`))
    throw new UsageError(`--sheet ${file}: lies within the data, where nothing is written; choose another folder`);
  return file;
}

async function writeSheet(io: CommandIo, file: string, { examined, problems }: Checked): Promise<void> {
  const bad = new Map(
    badCases(problems).flatMap((problem) => (problem.sample ? [[problem.sample, problem] as const] : [])),
  );
  const shown = chooseShown(examined, bad);
  if (shown.length === 0) {
    say(io, `no contact sheet: there is no case to show`);
    return;
  }
  await writePng(file, await dataSheet(shown));
  say(io, `contact sheet of ${shown.length} cases in ${file}`);
}

import type { Material } from "@fedbaps/core/data/dataset.js";
import { KeptFindings } from "@fedbaps/core/data/findings.js";
import { PLANES, readingFields, readingRules, type SomeRules } from "@fedbaps/core/data/reading.js";
import { type Command, InvalidArgumentError } from "commander";
import type { CommandIo } from "./command-io.js";
import type { Home } from "./home.js";
import { siteSalt } from "./patient-salt.js";
import { readSiteSettings } from "./site-settings.js";
import { WorkProgress } from "./work-progress.js";

/** The flags that say how data are read, as they were parsed. */
export interface ReadingOptions extends SomeRules {
  readonly tolerance?: number;
}

/** For commander: one of the reading rules. */
function rule(name: keyof typeof readingFields): (text: string) => unknown {
  return (text) => {
    const parsed = readingFields[name].safeParse(text.trim());
    if (!parsed.success) throw new InvalidArgumentError(`${parsed.error.issues[0].message}.`);
    return parsed.data;
  };
}

const plane = Object.assign(rule("plane"), { words: PLANES });

/** For commander: a share, 0 to 1. */
function share(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("give a share from 0 to 1, as in 0.05.");
  return value;
}

/** The flags of every verb that reads the site's data. */
export function addReadingOptions(command: Command): Command {
  return command
    .option("--frames <rule>", "frames of a DICOM file: first, middle, all, or numbers from 1", rule("frames"))
    .option("--window <rule>", "grey values shown: file, percentiles, or center,width", rule("window"))
    .option("--plane <plane>", `slices of a volume: ${PLANES.join(", ")}`, plane)
    .option("--slices <rule>", "which of the marked slices: labelled, largest, every:N", rule("slices"))
    .option("--labels <numbers>", "labels of a label map that are inside (default: all but 0)", rule("labels"))
    .option("--segments <numbers>", "segments of a DICOM-SEG that are inside (default: all)", rule("segments"))
    .option("--tolerance <share>", "share of the cases that may be bad and are left out (default: 0.05)", share);
}

/** Progress of reading all cases, with the time left. */
function looking(io: CommandIo): NonNullable<Material["onProgress"]> {
  let progress: WorkProgress | undefined;
  return (done, total) => {
    progress ??= new WorkProgress(io, "cases looked at", total);
    progress.show(done);
    if (done < total) return;
    progress.end();
    progress = undefined;
  };
}

/**
 * How this site's data are read: flags first, then site.yaml, then the defaults. Patients' names are made with the home's
 * salt, and what is found of files is kept there, where there is a home.
 * @param fresh whether everything is to be looked at anew, whatever is known
 * @throws UsageError for a faulty site.yaml; AgentError HOME_DAMAGED
 */
export async function siteMaterial(
  io: CommandIo,
  home: Home,
  options: ReadingOptions,
  { fresh = false }: { readonly fresh?: boolean } = {},
): Promise<Material> {
  const stored = await readSiteSettings(home.folder);
  const { frames, window, plane, slices, labels, segments } = options;
  const salt = siteSalt(home, io.random);
  const tolerance = options.tolerance ?? stored?.tolerance;
  return {
    reading: readingRules({ frames, window, plane, slices, labels, segments }, stored?.reading),
    salt,
    signal: io.signal,
    onProgress: looking(io),
    ...(tolerance === undefined ? {} : { tolerance }),
    ...((await home.isInitialised()) ? { findings: await KeptFindings.open(home.findings, await salt(), !fresh) } : {}),
  };
}

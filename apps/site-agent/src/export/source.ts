import { UsageError } from "@fedbaps/core/common/errors.js";
import { type DecoderProvenance, loadDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { AgentError } from "../errors.js";
import type { Home } from "../home.js";
import { readOffers } from "../offers.js";
import { chooseDecoder, isFinished, latestFinished } from "../predict/decoder-choice.js";
import type { StudyRecord } from "../study-records.js";
import { StudyStore } from "../study-store.js";

/** What is to be exported, and where it comes from. */
export interface ExportSource {
  readonly theta: Float32Array;
  /** A version that never became a file does not know how its black box is named, only which it is. */
  readonly provenance: Omit<DecoderProvenance, "blackbox"> & { readonly blackbox?: string };
  /** Whether it was shown to be better than zero-shot on the validation images of the site that made it. */
  readonly deployed: boolean;
  /** A sentence for the person. */
  readonly reason: string;
}

export interface ExportWish {
  readonly home: Home;
  /** `--decoder`. */
  readonly file?: string | undefined;
  /** `--study`. */
  readonly study?: string | undefined;
  /** `--anyway`: also what this site would not use. */
  readonly anyway: boolean;
}

/**
 * Finds the decoder by the rules of no harm, as `predict` does: a file that was named, or the decoder of a study that was
 * named, or of the one that finished here last, where it was shown to be better than
 * zero-shot.
 * @throws DecoderError DECODER_FILE; AgentError UNKNOWN_STUDY, NOTHING_TO_EXPORT; UsageError
 */
export async function exportSource(wish: ExportWish): Promise<ExportSource> {
  const { home, file, anyway } = wish;
  if (file !== undefined && wish.study !== undefined)
    throw new UsageError("--study and --decoder name two decoders: give one of them");
  if (file !== undefined) return ofFile(home, file, anyway);
  const study = wish.study ?? (await latestFinished(home));
  if (study === undefined)
    throw new UsageError("which decoder? No study has finished in this home: give --decoder FILE, or --study NAME");
  if (!nameSchema.safeParse(study).success)
    throw new UsageError(`--study ${study}: names of studies are lower-case letters, digits and hyphens`);
  return ofStudy(home, study, anyway);
}

async function ofFile(home: Home, file: string, anyway: boolean): Promise<ExportSource> {
  const { adapted, reason } = await chooseDecoder({ home, file });
  if (adapted) return { ...adapted, deployed: true, reason };
  if (!anyway) throw nothing(reason, "a graph that draws nothing");
  return { ...(await loadDecoder(file)), deployed: false, reason };
}

async function ofStudy(home: Home, study: string, anyway: boolean): Promise<ExportSource> {
  const entries = await StudyStore.read(home, study);
  if (entries.length === 0)
    throw new AgentError("UNKNOWN_STUDY", `this home holds no study ${study}; fedbaps-site status lists those it does`);
  let reason = `the study ${study} has no result here yet: which version this site uses is decided at its end`;
  if (isFinished(entries)) {
    const choice = await chooseDecoder({ home, study });
    if (choice.adapted) return { ...choice.adapted, deployed: true, reason: choice.reason };
    reason = choice.reason;
  }
  if (!anyway) throw nothing(reason, "the newest version in this home");
  return newest(home, study, entries, reason);
}

/** The newest version on the disk, in use here or not. */
async function newest(
  home: Home,
  study: string,
  entries: readonly StudyRecord[],
  reason: string,
): Promise<ExportSource> {
  const found = await StudyStore.newestVersion(home, study);
  if (!found) throw new AgentError("NOTHING_TO_EXPORT", `${reason}; and this home holds no version of it yet`);
  const hash = entries.find((entry) => entry.kind === "opened")?.hash;
  const offer = (await readOffers(home)).find((candidate) => candidate.hash === hash);
  const material = entries.find((entry) => entry.kind === "material");
  if (!offer || !material)
    throw new AgentError(
      "UNKNOWN_STUDY",
      `the coordinator does not offer the study ${study} any more, so its versions here cannot be read; use a decoder.safetensors`,
    );
  const { decoder, seed } = offer.spec;
  const { theta, version } = found;
  return {
    theta,
    provenance: { decoder, seed, study, version, blackboxIdentity: material.blackbox },
    deployed: false,
    reason: `version ${version} of the study ${study}, the newest here, which this site does not use (${reason})`,
  };
}

function nothing(reason: string, instead: string): AgentError {
  return new AgentError("NOTHING_TO_EXPORT", `${reason}; nothing was exported (--anyway exports ${instead})`);
}

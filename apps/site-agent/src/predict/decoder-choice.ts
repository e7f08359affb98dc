import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ModelDescription, Prompt } from "@fedbaps/core/blackbox/model.js";
import { asBytes } from "@fedbaps/core/common/bytes.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import { type DecoderProvenance, loadDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { meanDice } from "@fedbaps/core/training/evaluate.js";
import { VersionChoice } from "@fedbaps/core/training/version-choice.js";
import { AgentError } from "../errors.js";
import type { Home } from "../home.js";
import { notEnough } from "../report/not-shown.js";
import type { StudyRecord } from "../study-records.js";
import { StudyStore } from "../study-store.js";

/** What draws, or that nothing does, and why: a sentence for the person and the record. */
export interface DecoderChoice {
  readonly adapted?: {
    readonly theta: Float32Array;
    readonly provenance: DecoderProvenance;
    readonly file: string;
    /** SHA-256 of the parameters. */
    readonly hash: string;
  };
  readonly reason: string;
}

export interface DecoderWish {
  readonly home: Home;
  /** `--decoder`. */
  readonly file?: string | undefined;
  /** `--study`. */
  readonly study?: string | undefined;
  /** `--zero-shot`. */
  readonly none?: boolean | undefined;
}

/**
 * Finds the decoder by the rules of no harm: a file that was named; the decoder of a study that was named, or of the one
 * that finished here last, where it was shown to be better than zero-shot on this
 * site's validation images.
 * @throws DecoderError DECODER_FILE; AgentError UNKNOWN_STUDY for a named study that has no result here
 */
export async function chooseDecoder({ home, file, study, none }: DecoderWish): Promise<DecoderChoice> {
  if (none) return { reason: "the plain model was asked for" };
  if (file !== undefined) {
    const { provenance } = await loadDecoder(file);
    // `adapt` writes such a file where no version was shown to be better than zero-shot.
    if (provenance.version === 0)
      return {
        reason: `${file} holds an untrained decoder: no version was shown to be better than zero-shot when it was made`,
      };
    return adapted(file, `the decoder of ${file}, version ${provenance.version} of ${provenance.study}`);
  }
  const name = study ?? (await latestFinished(home));
  if (name === undefined) return { reason: "no study has finished in this home, and no --decoder was given" };
  return ofStudy(home, name);
}

async function ofStudy(home: Home, study: string): Promise<DecoderChoice> {
  const entries = await StudyStore.read(home, study);
  if (entries.length === 0)
    throw new AgentError("UNKNOWN_STUDY", `this home holds no study ${study}; fedbaps-site status lists those it does`);
  if (!isFinished(entries))
    throw new AgentError(
      "UNKNOWN_STUDY",
      `the study ${study} has no result here yet; wait for its end, or give --zero-shot or --decoder FILE`,
    );
  const choice = choiceOf(entries);
  const [best, zeroShot] = [meanDice(choice.best.scores), meanDice(choice.zeroShot)];
  if (!choice.deployed) {
    const { version, scores } = choice.leader;
    const higher = notEnough([
      { version: 0, valDice: zeroShot },
      { version, valDice: meanDice(scores) },
    ]);
    const why = `no version of the study ${study} was shown to be better than zero-shot (validation Dice ${zeroShot.toFixed(3)})`;
    return { reason: higher === undefined ? why : `${why}; ${higher}` };
  }
  return adapted(
    join(home.study(study), "decoder.safetensors"),
    `version ${choice.best.version} of the study ${study}: validation Dice ${best.toFixed(3)}, zero-shot ${zeroShot.toFixed(3)}`,
  );
}

async function adapted(file: string, reason: string): Promise<DecoderChoice> {
  const { theta, provenance } = await loadDecoder(file);
  return { adapted: { theta, provenance, file, hash: sha256Hex("fedbaps/decoder/1", asBytes(theta)) }, reason };
}

/** Whether the study's results have been measured and written down here. */
export function isFinished(entries: readonly StudyRecord[]): boolean {
  return entries.some(({ kind }) => kind === "reported");
}

/** The choice by what was validated. The journal of a finished study has zero-shot's scores first. */
function choiceOf(entries: readonly StudyRecord[]): VersionChoice {
  const [zeroShot, ...versions] = entries.flatMap((entry) => (entry.kind === "validated" ? [entry] : []));
  const choice = new VersionChoice(zeroShot?.scores ?? []);
  for (const { version, scores } of versions) choice.offer(version, scores);
  return choice;
}

/** The study whose report was written last; a dot in a folder's name marks what an earlier study of that name left. */
export async function latestFinished(home: Home): Promise<string | undefined> {
  const names = (await readdir(home.studies).catch((): string[] => [])).filter((name) => !name.includes(".")).sort();
  let latest: { readonly name: string; readonly at: number } | undefined;
  for (const name of names) {
    if (!isFinished(await StudyStore.read(home, name))) continue;
    const at = await stat(join(home.study(name), "report.json")).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (!latest || at > latest.at) latest = { name, at };
  }
  return latest?.name;
}

/** Why a decoder that was found is not used with this black box; undefined where it may be. */
export function misfit({ adapted }: DecoderChoice, description: ModelDescription): string | undefined {
  if (!adapted || adapted.provenance.blackboxIdentity === description.identity) return undefined;
  return `the decoder was made for another black box (${adapted.provenance.blackbox}); --force-decoder uses it all the same`;
}

/** Why a decoder does not draw for a prompt: it was trained for one click on what is sought. */
export function unfit({ points, box }: Prompt): string | undefined {
  const why = box
    ? "a box was given"
    : points.length > 1
      ? `${points.length} points were given`
      : "the point is background";
  if (!box && points.length === 1 && points[0].label === 1) return undefined;
  return `${why}, and the decoder draws for one foreground click; --force-decoder uses it all the same`;
}

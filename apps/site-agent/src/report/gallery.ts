import { join } from "node:path";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { FedBapsError } from "@fedbaps/core/common/errors.js";
import { type Dataset, openDataset, type Sample } from "@fedbaps/core/data/dataset.js";
import { loadDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import type { MeasureSettings } from "../options.js";
import { AnswerFiles } from "./answer-files.js";
import { askMissing, type Missing, missingAnswers } from "./ask.js";
import { type CasePainter, type CasePictures, chooseCases, paintCase } from "./cases.js";
import type { Subject } from "./load.js";
import type { Gallery } from "./sections/case-gallery.js";

export interface GalleryInit {
  readonly subject: Subject;
  readonly settings: MeasureSettings;
  /** Whether answers that were not kept may be asked for. */
  readonly ask: boolean;
  readonly clock: Clock;
  /** Told how many queries are about to be asked. */
  onAsk(queries: number): void;
  onDone(done: number): void;
}

/** The cases with their pictures, the test images' names, and the queries that they took. */
export interface MadeGallery {
  readonly gallery: Gallery;
  /** By number; stays at the site. */
  readonly stems: ReadonlyMap<number, string>;
  readonly queries: number;
}

/**
 * Chooses the best and worst cases and paints them from data, decoder and kept answers.
 * @throws what the data folder and, with `ask`, the black box throw; AgentError MATERIAL_CHANGED where the data are others
 */
export async function makeGallery(init: GalleryInit): Promise<MadeGallery | undefined> {
  const { subject, settings } = init;
  const { test, settings: study } = subject.data;
  if (!test) return undefined;
  const seed = study?.seed ?? settings.seed;
  const dataset = await openDataset(settings.data, { ...settings.material, seed, tolerance: 1 });
  const byId = new Map(dataset.test.map((sample) => [sample.id, sample]));
  const stems = new Map(dataset.test.map(({ id, stem }) => [id, stem]));
  const { best, worst } = chooseCases(test.zeroShot, test.adapted);
  if (
    !sameImages(
      dataset,
      test.zeroShot.map(({ id }) => id),
    )
  )
    return {
      gallery: {
        best,
        worst,
        pictures: new Map(),
        note: "The pictures are not shown: the data folder has other images than those that were measured.",
      },
      stems: new Map(),
      queries: 0,
    };
  const samples = [...best, ...worst].flatMap(({ id }) => byId.get(id) ?? []);
  const painter = await makePainter(subject, seed);
  const missing = await missingAnswers(samples, painter.answers, painter.decoder !== undefined);
  const queries = init.ask && missing.length > 0 ? await ask(init, painter, missing) : 0;
  const pictures = new Map<number, CasePictures>();
  const unread: number[] = [];
  for (const sample of samples) {
    settings.open.signal?.throwIfAborted();
    await paintCase(painter, sample)
      .then((painted) => pictures.set(sample.id, painted))
      .catch((error: unknown) => {
        if (!(error instanceof FedBapsError)) throw error;
        unread.push(sample.id);
      });
  }
  const note = noteOf(init.ask ? [] : missing, unread);
  return { gallery: { best, worst, pictures, note }, stems, queries };
}

/** Bad cases were left out of the measurement, so that the folder may hold more. */
function sameImages({ test }: Dataset, measured: readonly number[]): boolean {
  const there = new Set(test.map(({ id }) => id));
  return measured.every((id) => there.has(id));
}

async function makePainter({ folder, data }: Subject, seed: number): Promise<CasePainter> {
  const answers = new AnswerFiles(folder);
  if (!data.test?.adapted) return { seed, answers };
  const { theta, provenance } = await loadDecoder(join(folder, "decoder.safetensors"));
  return { seed, answers, decoder: { kind: await openDecoder(provenance.decoder), theta } };
}

function ask(
  { settings, subject, clock, onAsk, onDone }: GalleryInit,
  painter: CasePainter,
  missing: readonly Missing[],
): Promise<number> {
  onAsk(missing.length);
  return askMissing(missing, { painter, settings, identity: subject.data.blackbox.identity, clock, onDone });
}

function noteOf(missing: readonly Missing[], unread: readonly number[]): string | undefined {
  const notes: string[] = [];
  if (missing.length > 0)
    notes.push(
      `${missing.length} answers of these images were not kept, so their outlines are not shown; with --ask the black box is asked again, ${missing.length} queries.`,
    );
  if (unread.length > 0) notes.push(`${unread.length} of the pictures cannot be read any more.`);
  return notes.length > 0 ? notes.join(" ") : undefined;
}

/** The sample's own name where names are wanted, else its number. */
export function imageNames(stems: ReadonlyMap<number, Sample["stem"]> | undefined): (id: number) => string {
  return (id) => stems?.get(id) ?? `image\u00a0${id}`;
}

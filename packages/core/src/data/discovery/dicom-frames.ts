import type { DicomHeader } from "../../dicom/header.js";
import { firstFew, type Problem } from "../problem.js";
import type { ReadingRules } from "../reading.js";
import type { MaskSource } from "../sources.js";
import { unpaired } from "./complaints.js";
import type { FoundFile } from "./formats.js";
import { type Found, type FoundCase, type KnownPatient, NOTHING, spoiled } from "./found-case.js";
import type { MaskIndex } from "./masks.js";

/** Whose a DICOM image is: the patient that its header names, else its study's, else, of several frames, its file's. */
function patientOf({ path }: FoundFile, { patientId, study, frames }: DicomHeader): KnownPatient | undefined {
  const identifier = patientId?.trim();
  if (identifier) return { kind: "patient", identifier };
  if (study) return { kind: "study", identifier: study };
  return frames > 1 ? { kind: "file", identifier: path } : undefined;
}

interface Frames {
  /** Frames to be used, from 0. */
  readonly chosen: readonly number[];
  /** Whether each has to have a mask, or only those count that have one. */
  readonly demanded: boolean;
  /** Frames that a mask without a frame's number is meant for. */
  readonly unnumbered: readonly number[];
}

function framesOf(count: number, rule: ReadingRules["frames"]): Frames {
  const all = Array.from({ length: count }, (_, i) => i);
  if (rule === undefined) return { chosen: all, demanded: false, unnumbered: [0] };
  if (rule === "all") return { chosen: all, demanded: false, unnumbered: all };
  const chosen = rule === "first" ? [0] : rule === "middle" ? [Math.floor((count - 1) / 2)] : rule.map((n) => n - 1);
  return { chosen, demanded: true, unnumbered: chosen };
}

/** The masks of every frame, by the frame's number from 0. */
function masksOf(
  file: FoundFile,
  header: DicomHeader,
  index: MaskIndex,
  { segments, frames }: ReadingRules,
): Map<number, MaskSource[]> {
  const masks = new Map<number, MaskSource[]>();
  const add = (frame: number, mask: MaskSource) => masks.set(frame, [...(masks.get(frame) ?? []), mask]);
  for (const { path, frame } of index.covering(header.instance)) {
    const from = { kind: "dicom-seg" as const, path, instance: header.instance, frame };
    add(frame, segments ? { ...from, segments } : from);
  }
  const picture = ({ path }: FoundFile): MaskSource => ({ kind: "picture", path });
  const whole = index.named(file.stem, header.instance);
  if (header.frames > 1)
    for (const [frame, found] of index.ofFrames(file.stem, header.instance, header.frames))
      for (const mask of found) add(frame - 1, picture(mask));
  for (const frame of framesOf(header.frames, frames).unnumbered)
    for (const mask of whole) if (!masks.has(frame) || header.frames === 1) add(frame, picture(mask));
  return masks;
}

function ambiguous(file: FoundFile, masks: readonly MaskSource[]): Problem {
  const names = [...new Set(masks.map(({ path }) => path))];
  return {
    severity: "case",
    code: "MASK_AMBIGUOUS",
    file: file.path,
    message: `${masks.length} masks are for the same frame (${firstFew(names)})`,
    remedy: "keep one of them",
  };
}

/**
 * The cases of a DICOM image: its frames with a mask, by the rule. Masks are DICOM segmentations that reference the image,
 * and pictures called as its file or its SOP Instance UID, followed by `_` and the frame's number from 1 where it has several.
 * @param covered whether segmentations cover other images of the same study: those without are then slices not marked
 */
export function dicomCases(file: FoundFile, index: MaskIndex, rules: ReadingRules, covered: boolean): Found {
  const header = file.header as DicomHeader;
  const { chosen, demanded } = framesOf(header.frames, rules.frames);
  const masks = masksOf(file, header, index, rules);
  const beyond = chosen.filter((frame) => frame >= header.frames);
  if (beyond.length > 0)
    return spoiled({
      severity: "case",
      code: "FRAME_MISSING",
      file: file.path,
      message: `has no frame ${firstFew(beyond.map((frame) => frame + 1))}, but ${header.frames} in all`,
      remedy: "correct frames: in site.yaml, or --frames",
    });
  if (![...masks.values()].flat().length) return covered ? { ...NOTHING, unused: 1 } : spoiled(unpaired(file));
  const patient = patientOf(file, header);
  const cases: FoundCase[] = [];
  const problems: Problem[] = [];
  for (const frame of chosen) {
    const found = masks.get(frame) ?? [];
    const stem = header.frames === 1 ? file.stem : `${file.stem}_frame-${String(frame + 1).padStart(3, "0")}`;
    if (found.length > 1) problems.push(ambiguous(file, found));
    else if (found.length === 0 && demanded) problems.push(unpaired({ ...file, stem }));
    else if (found.length === 1) {
      const window = rules.window === undefined ? {} : { window: rules.window };
      const image = { kind: "dicom" as const, path: file.path, frame, ...window };
      cases.push({ stem, image, mask: found[0], ...(patient ? { patient } : {}) });
    }
  }
  return { cases, problems, unused: 0 };
}

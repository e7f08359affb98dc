import { dirname, join } from "node:path";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { makeFolder } from "@fedbaps/core/common/folder.js";
import { encodeSegmentation } from "@fedbaps/core/dicom/write-segmentation.js";
import { encodeProbabilityPng } from "@fedbaps/core/image/heat-map.js";
import type { Image, Mask, ProbabilityMap } from "@fedbaps/core/image/image.js";
import { drawPromptMarks, lineWidth, overlay } from "@fedbaps/core/image/overlay.js";
import { ANSWER_COLOUR } from "@fedbaps/core/image/panel.js";
import { encodeMaskPng, encodePng } from "@fedbaps/core/image/write.js";
import { threshold } from "@fedbaps/core/metrics/overlap.js";
import { ENDINGS } from "./names.js";
import type { Task } from "./task.js";

const FILL = 0.35;

export interface Answer {
  readonly task: Task;
  /** RGB, as read. */
  readonly image: Image;
  /** At the picture's size. */
  readonly map: ProbabilityMap;
}

/** The files of one answer, by their names below the folder, and how much is inside. */
export interface Written {
  readonly mask: string;
  readonly overlay: string;
  readonly probability: string;
  /** A DICOM segmentation, where the picture is DICOM. */
  readonly segmentation: string | null;
  /** Pixels. */
  readonly inside: number;
}

export interface Labels {
  /** What the segment of a DICOM segmentation is called. */
  readonly segment: string;
  /** What made it, for the same: at most 64 characters are kept. */
  readonly algorithm: string;
  readonly now: number;
}

/**
 * Writes mask, overlay and probability map of one answer at the picture's size, each whole or not at all; and a DICOM
 * segmentation that refers to the picture where that is DICOM.
 * @throws ImageError where the DICOM file lacks what a segmentation must repeat
 */
export async function writeAnswer(folder: string, base: string, answer: Answer, labels: Labels): Promise<Written> {
  const { task, image, map } = answer;
  const mask = threshold(map, 0.5);
  const width = lineWidth(image);
  const shown = overlay(image, [{ mask, colour: ANSWER_COLOUR, fill: FILL, width }]);
  drawPromptMarks(shown, task.prompt, width);
  const write = async (ending: string, bytes: Uint8Array) => {
    const name = `${base}${ending}`;
    await makeFolder(dirname(join(folder, name)));
    await writeFileAtomic(join(folder, name), bytes, 0o600);
    return name;
  };
  const files = {
    overlay: await write(ENDINGS.overlay, await encodePng(shown)),
    probability: await write(ENDINGS.probability, await encodeProbabilityPng(map)),
    segmentation:
      task.source.kind === "dicom"
        ? await write(ENDINGS.segmentation, await segmentation(task.source, mask, labels))
        : null,
    // Last: where the mask is, the others are.
    mask: await write(ENDINGS.mask, await encodeMaskPng(mask)),
  };
  return { ...files, inside: mask.data.reduce((sum, value) => sum + value, 0) };
}

function segmentation(
  { path, frame }: { readonly path: string; readonly frame: number },
  mask: Mask,
  { segment, algorithm, now }: Labels,
): Promise<Uint8Array> {
  return encodeSegmentation({
    source: path,
    frame,
    mask,
    label: segment,
    algorithm: algorithm.slice(0, 64),
    seriesDescription: "FedBAPS segmentation, not reviewed",
    now,
  });
}

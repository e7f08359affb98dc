import { DatasetError } from "../data/errors.js";
import type { DataSet } from "./data-set.js";
import { TAGS } from "./tags.js";

/** What one frame of a segmentation is about. */
export interface SegmentFrame {
  /** The segment; none in a label map, whose pixels name it. */
  readonly segment?: number;
  readonly images: readonly ImageReference[];
}

/** An image, and its frames (from 0) where the reference is to some of them; without, to all. */
export interface ImageReference {
  readonly instance: string;
  readonly frames?: readonly number[];
}

function referenceOf(item: DataSet): ImageReference[] {
  const instance = item.text(TAGS.ReferencedSOPInstanceUID);
  if (!instance) return [];
  const frames = item.numbers(TAGS.ReferencedFrameNumber).filter((frame) => Number.isInteger(frame) && frame >= 1);
  return [frames.length > 0 ? { instance, frames: frames.map((frame) => frame - 1) } : { instance }];
}

function sourceImages(group: DataSet | undefined): ImageReference[] {
  const derivations = group?.items(TAGS.DerivationImageSequence) ?? [];
  return derivations.flatMap((derivation) => derivation.items(TAGS.SourceImageSequence)).flatMap(referenceOf);
}

/** The one image that the whole segmentation refers to, where it is one. */
function onlyImage(data: DataSet): ImageReference | undefined {
  const series = data.items(TAGS.ReferencedSeriesSequence);
  const images = series.flatMap((item) => item.items(TAGS.ReferencedInstanceSequence)).flatMap(referenceOf);
  return images.length === 1 ? images[0] : undefined;
}

const segmentOf = (group: DataSet | undefined) =>
  group?.item(TAGS.SegmentIdentificationSequence, 0)?.number(TAGS.ReferencedSegmentNumber);

/**
 * Which segment and which images each frame of a segmentation is about (PS3.3 C.8.20.3, C.7.6.16.2.6). Where frames do not
 * say, but the object refers to one image and has a frame for each segment, that image is meant.
 *
 * @throws DatasetError SEGMENTATION_UNMATCHED where no frame tells its image
 */
export function segmentFrames(path: string, data: DataSet, frames: number): SegmentFrame[] {
  const own = data.items(TAGS.PerFrameFunctionalGroupsSequence);
  const shared = data.item(TAGS.SharedFunctionalGroupsSequence, 0);
  const sharedImages = sourceImages(shared);
  const found = Array.from({ length: frames }, (_, frame): SegmentFrame => {
    const segment = segmentOf(own[frame]) ?? segmentOf(shared);
    const images = sourceImages(own[frame]);
    return { images: images.length > 0 ? images : sharedImages, ...(segment === undefined ? {} : { segment }) };
  });
  if (found.some(({ images }) => images.length > 0)) return found;
  const image = onlyImage(data);
  if (image && new Set(found.map(({ segment }) => segment)).size === frames)
    return found.map((frame) => ({ ...frame, images: [image] }));
  throw new DatasetError(
    "SEGMENTATION_UNMATCHED",
    `${path}: does not say which image its frames belong to; export the segmentation with references to its images`,
    { path },
  );
}

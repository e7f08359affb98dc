import type { DataElements } from "./element-writer.js";
import type { DicomFile } from "./file.js";
import { aspectRatio, type Geometry, geometryOf, type SourceImage } from "./source-image.js";
import { TAGS, type Tag } from "./tags.js";

/** A frame of the image that is marked: 1 inside, on the stored grid. */
export interface MarkedFrame {
  /** From 0. */
  readonly frame: number;
  readonly data: Uint8Array;
}

const code = (value: string, meaning: string): DataElements => [
  [TAGS.CodeValue, value],
  [TAGS.CodingSchemeDesignator, "DCM"],
  [TAGS.CodeMeaning, meaning],
];

/** One bit a pixel, from the lowest of each byte on; frames follow each other without filling up the byte (PS3.5 8.1.1). */
export function packBits(frames: readonly Uint8Array[]): Uint8Array {
  const pixels = frames.reduce((sum, { length }) => sum + length, 0);
  const out = new Uint8Array(Math.ceil(pixels / 8));
  let bit = 0;
  for (const frame of frames)
    for (let i = 0; i < frame.length; i++, bit++) if (frame[i]) out[bit >> 3] |= 1 << (bit & 7);
  return out;
}

function derivation(source: SourceImage, frame: number): DataElements {
  const image: DataElements = [
    [TAGS.ReferencedSOPClassUID, source.sopClass],
    [TAGS.ReferencedSOPInstanceUID, source.instance],
    ...(source.format.frames > 1 ? ([[TAGS.ReferencedFrameNumber, [String(frame + 1)]]] as const) : []),
    [TAGS.PurposeOfReferenceCodeSequence, [code("121322", "Source image for image processing operation")]],
  ];
  return [
    [TAGS.SourceImageSequence, [image]],
    [TAGS.DerivationCodeSequence, [code("113076", "Segmentation")]],
  ];
}

function frameGroups(source: SourceImage, frame: number, place: number, geometry: Geometry | undefined): DataElements {
  return [
    [TAGS.DerivationImageSequence, [derivation(source, frame)]],
    [
      TAGS.FrameContentSequence,
      [
        [
          [TAGS.StackID, "1"],
          [TAGS.InStackPositionNumber, [place]],
          [TAGS.DimensionIndexValues, [1, place]],
        ],
      ],
    ],
    ...(geometry ? ([[TAGS.PlanePositionSequence, [[geometry.position]]]] as const) : []),
    [TAGS.SegmentIdentificationSequence, [[[TAGS.ReferencedSegmentNumber, [1]]]]],
  ];
}

/** What orders the frames: the segment, then the place among the frames (PS3.3 C.7.6.17). */
function dimensions(uid: string): DataElements {
  const index = (pointer: Tag, group: Tag, label: string): DataElements => [
    [TAGS.DimensionOrganizationUID, uid],
    [TAGS.DimensionIndexPointer, [pointer.code]],
    [TAGS.FunctionalGroupPointer, [group.code]],
    [TAGS.DimensionDescriptionLabel, label],
  ];
  return [
    [TAGS.DimensionOrganizationSequence, [[[TAGS.DimensionOrganizationUID, uid]]]],
    [
      TAGS.DimensionIndexSequence,
      [
        index(TAGS.ReferencedSegmentNumber, TAGS.SegmentIdentificationSequence, "Segment Number"),
        index(TAGS.InStackPositionNumber, TAGS.FrameContentSequence, "In-Stack Position Number"),
      ],
    ],
  ];
}

/** What the image lost before: a segmentation of it has to say so. */
function lossy({ data }: DicomFile): DataElements {
  if (data.text(TAGS.LossyImageCompression) !== "01") return [[TAGS.LossyImageCompression, "00"]];
  const repeated = [TAGS.LossyImageCompressionRatio, TAGS.LossyImageCompressionMethod].flatMap((tag) => {
    const bytes = data.bytes(tag);
    return bytes && bytes.length > 0 ? [[tag, bytes] as const] : [];
  });
  return [[TAGS.LossyImageCompression, "01"], ...repeated];
}

function frameOfReference({ data }: DicomFile): DataElements {
  const uid = data.text(TAGS.FrameOfReferenceUID);
  if (!uid) return [];
  return [
    [TAGS.FrameOfReferenceUID, uid],
    [TAGS.PositionReferenceIndicator, data.bytes(TAGS.PositionReferenceIndicator) ?? ""],
  ];
}

/**
 * The elements of a segmentation that tell its pixels: image pixel, segmentation image, multi-frame functional groups,
 * dimensions and frame of reference (PS3.3 A.51.4). Geometry is repeated where the image has all of it; else the frames
 * are tied to the image by their references alone, as the standard allows.
 * @param dimension UID of the organization of the dimensions
 */
export function segmentationImage(
  file: DicomFile,
  source: SourceImage,
  marked: readonly MarkedFrame[],
  dimension: string,
): DataElements {
  const geometries = marked.map(({ frame }) => geometryOf(file, frame));
  const placed = geometries.every((geometry) => geometry !== undefined);
  const first = placed ? geometries[0] : undefined;
  const shared: DataElements = first
    ? [
        [TAGS.PixelMeasuresSequence, [first.measures]],
        [TAGS.PlaneOrientationSequence, [[first.orientation]]],
      ]
    : [];
  return [
    [TAGS.ImageType, ["DERIVED", "PRIMARY"]],
    ...frameOfReference(file),
    ...dimensions(dimension),
    [TAGS.SamplesPerPixel, [1]],
    [TAGS.PhotometricInterpretation, "MONOCHROME2"],
    [TAGS.NumberOfFrames, [String(marked.length)]],
    [TAGS.Rows, [source.format.rows]],
    [TAGS.Columns, [source.format.columns]],
    // The sides of the picture are then unknown, which has to be said.
    ...(first ? [] : [[TAGS.PatientOrientation, ""] as const, ...aspectRatio(file, marked[0].frame)]),
    [TAGS.BitsAllocated, [1]],
    [TAGS.BitsStored, [1]],
    [TAGS.HighBit, [0]],
    [TAGS.PixelRepresentation, [0]],
    ...lossy(file),
    [TAGS.SegmentationType, "BINARY"],
    [TAGS.SegmentsOverlap, "NO"],
    [TAGS.SharedFunctionalGroupsSequence, [shared]],
    [
      TAGS.PerFrameFunctionalGroupsSequence,
      marked.map(({ frame }, i) => frameGroups(source, frame, i + 1, placed ? geometries[i] : undefined)),
    ],
    [{ ...TAGS.PixelData, vr: "OB" }, packBits(marked.map(({ data }) => data))],
  ];
}

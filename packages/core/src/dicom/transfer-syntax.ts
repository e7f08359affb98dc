/** How a data set and its pixels are encoded (PS3.5 Annex A). */
export interface TransferSyntax {
  readonly uid: string;
  readonly explicit: boolean;
  readonly littleEndian: boolean;
  readonly deflated: boolean;
  /** How frames are compressed; `unknown` where we cannot say. */
  readonly frames: "native" | "rle" | "jpeg" | "jpeg-ls" | "jpeg-2000" | "deflate" | "video" | "unknown";
  readonly name: string;
}

function syntax(uid: string, frames: TransferSyntax["frames"], name: string): TransferSyntax {
  return { uid, explicit: true, littleEndian: true, deflated: false, frames, name };
}

const DICOM = "1.2.840.10008.1.2";

export const IMPLICIT_LITTLE: TransferSyntax = {
  ...syntax(DICOM, "native", "Implicit VR Little Endian"),
  explicit: false,
};
export const EXPLICIT_LITTLE = syntax(`${DICOM}.1`, "native", "Explicit VR Little Endian");
export const EXPLICIT_BIG: TransferSyntax = {
  ...syntax(`${DICOM}.2`, "native", "Explicit VR Big Endian"),
  littleEndian: false,
};

const KNOWN: ReadonlyMap<string, TransferSyntax> = new Map(
  [
    IMPLICIT_LITTLE,
    EXPLICIT_LITTLE,
    { ...syntax(`${DICOM}.1.99`, "native", "Deflated Explicit VR Little Endian"), deflated: true },
    EXPLICIT_BIG,
    syntax(`${DICOM}.1.98`, "native", "Encapsulated Uncompressed Explicit VR Little Endian"),
    syntax(`${DICOM}.4.50`, "jpeg", "JPEG Baseline"),
    syntax(`${DICOM}.4.51`, "jpeg", "JPEG Extended"),
    // Retired, but libjpeg reads them.
    syntax(`${DICOM}.4.53`, "jpeg", "JPEG Spectral Selection"),
    syntax(`${DICOM}.4.55`, "jpeg", "JPEG Full Progression"),
    syntax(`${DICOM}.4.57`, "jpeg", "JPEG Lossless"),
    syntax(`${DICOM}.4.70`, "jpeg", "JPEG Lossless, first-order prediction"),
    syntax(`${DICOM}.4.80`, "jpeg-ls", "JPEG-LS Lossless"),
    syntax(`${DICOM}.4.81`, "jpeg-ls", "JPEG-LS Near-Lossless"),
    syntax(`${DICOM}.4.90`, "jpeg-2000", "JPEG 2000 Lossless"),
    syntax(`${DICOM}.4.91`, "jpeg-2000", "JPEG 2000"),
    syntax(`${DICOM}.4.201`, "jpeg-2000", "High-Throughput JPEG 2000 Lossless"),
    syntax(`${DICOM}.4.202`, "jpeg-2000", "High-Throughput JPEG 2000 with RPCL Lossless"),
    syntax(`${DICOM}.4.203`, "jpeg-2000", "High-Throughput JPEG 2000"),
    syntax(`${DICOM}.5`, "rle", "RLE Lossless"),
    syntax(`${DICOM}.8.1`, "deflate", "Deflated Image Frame Compression"),
  ].map((known) => [known.uid, known]),
);

/** MPEG-2, MPEG-4, HEVC and their fragmentable forms. */
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10\d(\.\d+)?$/;

/** The transfer syntax of a UID. Of an unknown one the header is read as explicit little endian, as PS3.5 A.4 asks. */
export function transferSyntax(uid: string): TransferSyntax {
  return KNOWN.get(uid) ?? syntax(uid, VIDEO.test(uid) ? "video" : "unknown", uid);
}

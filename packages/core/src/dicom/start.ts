/** Where the elements of a file begin, and whether what precedes them says that it is a DICOM file (PS3.10 7.1). */
export interface Start {
  readonly offset: number;
  readonly marked: boolean;
}

/** So many bytes tell a DICOM file from others. */
export const START_BYTES = 4096;
const PREAMBLE = 128;
const MAGIC = "DICM";

const latin = (bytes: Uint8Array, from: number, to: number) =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.max(0, Math.min(to, bytes.length) - from)).toString("latin1");

/** Groups with which the elements of a file can begin: meta information, or a data set's identification. */
function beginsAsDataSet(bytes: Uint8Array): boolean {
  const little = bytes[0] + 256 * bytes[1];
  const big = 256 * bytes[0] + bytes[1];
  return [little, big].some((group) => group === 2 || group === 8);
}

/**
 * Finds the elements of a file by its first bytes. Files without the preamble (raw data sets, as they went over the
 * network) are known by beginning with an element of a fitting group and naming a UID of the standard.
 * @returns nothing for a file that is no DICOM file
 */
export function findStart(bytes: Uint8Array): Start | undefined {
  if (bytes.length >= PREAMBLE + 4 && latin(bytes, PREAMBLE, PREAMBLE + 4) === MAGIC)
    return { offset: PREAMBLE + 4, marked: true };
  if (latin(bytes, 0, 4) === MAGIC) return { offset: 4, marked: true };
  if (bytes.length < 16 || !beginsAsDataSet(bytes)) return undefined;
  return latin(bytes, 0, START_BYTES).includes("1.2.840.10008.") ? { offset: 0, marked: false } : undefined;
}

import { type ByteSource, readExactly } from "./byte-source.js";
import type { DicomFile } from "./file.js";
import { TAGS } from "./tags.js";
import { COPY_AGAIN, unreadableDicom } from "./unreadable.js";

/** A piece of a compressed picture. */
interface Fragment {
  /** Of the item's head, in the source. */
  readonly item: number;
  /** Of its bytes. */
  readonly start: number;
  readonly length: number;
}

const ITEM = 0xfffee000;
const SEQUENCE_END = 0xfffee0dd;
const HEAD = 8;
/** Heads are read with what is around them: frames of a few kilobytes then take few reads. */
const READ_AHEAD = 64 * 1024;

/** Reads item heads one after another (PS3.5 A.4). */
class ItemReader {
  #chunk: Uint8Array = new Uint8Array(0);
  #chunkStart = 0;

  constructor(
    readonly path: string,
    readonly source: ByteSource,
  ) {}

  /** The item at a position; nothing at the end of the sequence, or where the file ends without one. */
  async at(position: number): Promise<Fragment | undefined> {
    if (position >= this.source.size) return undefined;
    const head = await this.#bytes(position);
    const tag = head.getUint16(0, true) * 65536 + head.getUint16(2, true);
    const length = head.getUint32(4, true);
    if (tag === SEQUENCE_END) return undefined;
    if (tag !== ITEM)
      throw unreadableDicom(this.path, `its pixels are damaged (no item at byte ${position})`, COPY_AGAIN);
    const start = position + HEAD;
    if (start + length > this.source.size)
      throw unreadableDicom(this.path, `cut short: a picture of ${length} bytes begins at byte ${start}`, COPY_AGAIN);
    return { item: position, start, length };
  }

  async #bytes(position: number): Promise<DataView> {
    const within = position - this.#chunkStart;
    if (within < 0 || within + HEAD > this.#chunk.length) {
      this.#chunk = await this.source.read(position, READ_AHEAD);
      this.#chunkStart = position;
      if (this.#chunk.length < HEAD) throw unreadableDicom(this.path, "cut short within its pixels", COPY_AGAIN);
      return new DataView(this.#chunk.buffer, this.#chunk.byteOffset, HEAD);
    }
    return new DataView(this.#chunk.buffer, this.#chunk.byteOffset + within, HEAD);
  }
}

/** The fragments from a position to the end of the sequence, or to the item that begins at `stop`. */
async function walk(reader: ItemReader, from: number, stop: number): Promise<Fragment[]> {
  const fragments: Fragment[] = [];
  let position = from;
  while (position < stop) {
    const fragment = await reader.at(position);
    if (!fragment) break;
    fragments.push(fragment);
    position = fragment.start + fragment.length;
  }
  return fragments;
}

/** First bytes of what can be a frame: JPEG and JPEG-LS, a JPEG 2000 codestream, a JP2 file. */
const BEGINNINGS = [
  [0xff, 0xd8, 0xff],
  [0xff, 0x4f, 0xff, 0x51],
  [0, 0, 0, 0x0c, 0x6a, 0x50],
];

async function beginsFrame(source: ByteSource, { start, length }: Fragment): Promise<boolean> {
  const bytes = await source.read(start, Math.min(length, 6));
  return BEGINNINGS.some((beginning) => beginning.every((byte, i) => bytes[i] === byte));
}

/** Which fragments make a frame, without a table: each its own, or from one beginning to the next. */
async function ofFrame(
  { path, source }: DicomFile,
  fragments: readonly Fragment[],
  frame: number,
  frames: number,
): Promise<readonly Fragment[]> {
  if (frames === 1) return fragments;
  if (fragments.length === frames) return [fragments[frame]];
  const begins: number[] = [];
  for (const [i, fragment] of fragments.entries()) if (await beginsFrame(source, fragment)) begins.push(i);
  if (begins.length === frames && begins[0] === 0) return fragments.slice(begins[frame], begins[frame + 1]);
  throw unreadableDicom(
    path,
    `its ${fragments.length} fragments cannot be assigned to ${frames} frames`,
    fragments.length < frames ? COPY_AGAIN : "export it again with an offset table",
  );
}

/** Where the frames begin, by the basic offset table, counted from the first fragment; nothing where it is empty. */
async function basicOffsets(
  { path, source }: DicomFile,
  table: Fragment,
  frames: number,
): Promise<number[] | undefined> {
  if (table.length < 4 * frames) return undefined;
  const bytes = await readExactly(path, source, table.start, 4 * frames);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const offsets = Array.from({ length: frames }, (_, i) => view.getUint32(4 * i, true));
  // Beyond 4 GiB they begin again at 0; such a table, or one of zeros, says nothing.
  return offsets.every((offset, i) => i === 0 || offset > offsets[i - 1]) ? offsets : undefined;
}

async function fragmentsOf(file: DicomFile, frame: number, frames: number): Promise<readonly Fragment[]> {
  const { path, source, data, pixels } = file;
  const reader = new ItemReader(path, source);
  const table = pixels && (await reader.at(pixels.start));
  if (!table) throw unreadableDicom(path, "its pixels are missing", COPY_AGAIN);
  const first = table.start + table.length;
  const extended = data.numbers(TAGS.ExtendedOffsetTable);
  const lengths = data.numbers(TAGS.ExtendedOffsetTableLengths);
  if (extended.length === frames && lengths.length === frames) {
    const found = await reader.at(first + extended[frame]);
    if (found) return [{ ...found, length: Math.min(found.length, lengths[frame]) }];
  }
  const offsets = frames > 1 ? await basicOffsets(file, table, frames) : undefined;
  if (offsets) {
    // A table that points beside the items is passed over, as other readers do.
    const found = await walk(reader, first + offsets[frame], first + (offsets[frame + 1] ?? source.size)).catch(
      () => [],
    );
    if (found.length > 0) return found;
  }
  return await ofFrame(file, await walk(reader, first, source.size), frame, frames);
}

/**
 * The bytes of one compressed frame (PS3.5 A.4), found by the extended or the basic offset table, or by going through the
 * fragments.
 *
 * @param frame from 0
 * @throws ImageError IMAGE_UNREADABLE
 */
export async function compressedFrame(file: DicomFile, frame: number, frames: number): Promise<Uint8Array> {
  const fragments = await fragmentsOf(file, frame, frames);
  const size = fragments.reduce((sum, { length }) => sum + length, 0);
  if (size === 0) throw unreadableDicom(file.path, `frame ${frame + 1} is empty`, COPY_AGAIN);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const { start, length } of fragments) {
    bytes.set(await readExactly(file.path, file.source, start, length), at);
    at += length;
  }
  return bytes;
}

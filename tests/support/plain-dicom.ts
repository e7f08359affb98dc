import { writeFile } from "node:fs/promises";

export interface PlainDicom {
  readonly instance: string;
  readonly patient?: string;
  /** The patient's name; "Doe^Jane" unless given. */
  readonly name?: string;
  /** Study Instance UID; left out if empty, "2.25.1" unless given. */
  readonly study?: string;
  readonly width?: number;
  readonly height?: number;
  readonly frames?: number;
  /** Grey of a pixel, 0..255; a slope by default, another in each frame. */
  readonly grey?: (x: number, y: number, frame: number) => number;
}

const CT = "1.2.840.10008.5.1.4.1.1.2";

function even(bytes: Buffer, fill: number): Buffer {
  return bytes.length % 2 ? Buffer.concat([bytes, Buffer.from([fill])]) : bytes;
}

function element(tag: number, vr: string, value: Buffer): Buffer {
  const head = Buffer.alloc(vr === "OB" ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, "latin1");
  if (vr === "OB") head.writeUInt32LE(value.length, 8);
  else head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}

const text = (tag: number, vr: string, value: string) =>
  element(tag, vr, even(Buffer.from(value, "latin1"), vr === "UI" ? 0 : 0x20));
const short = (tag: number, value: number) => element(tag, "US", Buffer.from([value & 0xff, value >> 8]));

/** A grey image of 8 bits: DICOM PS3.10, explicit VR little endian. */
export async function writePlainDicom(path: string, image: PlainDicom): Promise<void> {
  const { instance, patient, name = "Doe^Jane", study = "2.25.1", width = 12, height = 8, frames = 1 } = image;
  const grey = image.grey ?? ((x, y, frame) => (x * 7 + y * 11 + frame * 5) % 256);
  const pixels = Buffer.alloc(width * height * frames);
  for (let f = 0, at = 0; f < frames; f++)
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) pixels[at++] = grey(x, y, f);
  const meta = Buffer.concat([
    text(0x00020002, "UI", CT),
    text(0x00020003, "UI", instance),
    text(0x00020010, "UI", "1.2.840.10008.1.2.1"),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  const parts = [
    Buffer.alloc(128),
    Buffer.from("DICM"),
    element(0x00020000, "UL", length),
    meta,
    text(0x00080016, "UI", CT),
    text(0x00080018, "UI", instance),
    text(0x00080060, "CS", "CT"),
    text(0x00100010, "PN", name),
    ...(patient === undefined ? [] : [text(0x00100020, "LO", patient)]),
    ...(study === "" ? [] : [text(0x0020000d, "UI", study)]),
    text(0x0020000e, "UI", "2.25.2"),
    short(0x00280002, 1),
    text(0x00280004, "CS", "MONOCHROME2"),
    ...(frames > 1 ? [text(0x00280008, "IS", String(frames))] : []),
    short(0x00280010, height),
    short(0x00280011, width),
    short(0x00280100, 8),
    short(0x00280101, 8),
    short(0x00280102, 7),
    short(0x00280103, 0),
    element(0x7fe00010, "OB", even(pixels, 0)),
  ];
  await writeFile(path, Buffer.concat(parts));
}

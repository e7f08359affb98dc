import { readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writePhantomSite } from "@fedbaps/core/data/phantoms.js";

/** In every name of a marked site: nobody else may ever read it. */
export const MARK = "MARKED-PATIENT-7";

/**
 * A site's folder as a careless hospital names it: the patient in the folder's name, in every file's, and in a manifest.
 * @param folder where it is made; @returns the folder with the data
 */
export async function markedSite(
  folder: string,
  options: { readonly site: number; readonly images: number },
): Promise<string> {
  const data = join(folder, `${MARK}-folder`);
  await writePhantomSite(data, { ...options, seed: 1 });
  const names = (await readdir(join(data, "images"))).sort();
  const rows = ["image,mask,patient"];
  for (const [index, name] of names.entries()) {
    const marked = `${MARK}-${name}`;
    for (const part of ["images", "masks"]) await rename(join(data, part, name), join(data, part, marked));
    rows.push(`images/${marked},masks/${marked},${MARK}-${index >> 1}`);
  }
  await writeFile(join(data, "manifest.csv"), `${rows.join("\n")}\n`);
  return data;
}

/** Spoils a marked site: a picture that cannot be read, and a DICOM image with the patient's name in its header. */
export async function spoil(data: string): Promise<void> {
  const [first] = (await readdir(join(data, "images"))).sort();
  await writeFile(join(data, "images", first), `no picture of ${MARK}`);
  await writeFile(join(data, "images", `${MARK}.dcm`), dicomOf(MARK));
}

/** A small grey image of a patient with this name and number: DICOM PS3.10, explicit VR little endian. */
function dicomOf(patient: string): Uint8Array {
  const even = (bytes: Buffer, fill: number) =>
    bytes.length % 2 ? Buffer.concat([bytes, Buffer.from([fill])]) : bytes;
  const element = (tag: number, vr: string, value: Buffer) => {
    const head = Buffer.alloc(vr === "OB" ? 12 : 8);
    head.writeUInt16LE(tag >>> 16, 0);
    head.writeUInt16LE(tag & 0xffff, 2);
    head.write(vr, 4, "latin1");
    if (vr === "OB") head.writeUInt32LE(value.length, 8);
    else head.writeUInt16LE(value.length, 6);
    return Buffer.concat([head, value]);
  };
  const text = (tag: number, vr: string, value: string) =>
    element(tag, vr, even(Buffer.from(value, "latin1"), vr === "UI" ? 0 : 0x20));
  const short = (tag: number, value: number) => element(tag, "US", Buffer.from([value & 0xff, value >> 8]));
  const [ct, instance] = ["1.2.840.10008.5.1.4.1.1.2", "2.25.7777"];
  const meta = Buffer.concat([
    text(0x00020002, "UI", ct),
    text(0x00020003, "UI", instance),
    text(0x00020010, "UI", "1.2.840.10008.1.2.1"),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from("DICM"),
    element(0x00020000, "UL", length),
    meta,
    text(0x00080016, "UI", ct),
    text(0x00080018, "UI", instance),
    text(0x00080060, "CS", "CT"),
    text(0x00100010, "PN", patient),
    text(0x00100020, "LO", patient),
    short(0x00280002, 1),
    text(0x00280004, "CS", "MONOCHROME2"),
    short(0x00280010, 32),
    short(0x00280011, 32),
    short(0x00280100, 8),
    short(0x00280101, 8),
    short(0x00280102, 7),
    short(0x00280103, 0),
    element(0x7fe00010, "OB", Buffer.alloc(32 * 32, 7)),
  ]);
}

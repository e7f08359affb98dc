import { readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writePhantomSite } from "@fedbaps/core/data/phantoms.js";
import { writePlainDicom } from "./plain-dicom.js";

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
  await writePlainDicom(join(data, "images", `${MARK}.dcm`), { instance: "2.25.7777", patient: MARK, name: MARK });
}

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

interface Dcmjs {
  readonly log: { setLevel(level: string): void };
  readonly data: {
    readonly DicomMessage: { readFile(bytes: ArrayBuffer): { readonly dict: object } };
    readonly DicomMetaDictionary: { naturalizeDataset(dict: object): Record<string, unknown> };
  };
}

/** The elements of a file by their keywords, as another library (dcmjs) reads them. */
export async function readElements(path: string): Promise<Record<string, unknown>> {
  const { log, data } = createRequire(import.meta.url)("dcmjs") as Dcmjs;
  log.setLevel("silent");
  const bytes = await readFile(path);
  const { dict } = data.DicomMessage.readFile(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
  );
  return data.DicomMetaDictionary.naturalizeDataset(dict);
}

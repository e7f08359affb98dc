import type { Fault } from "./errors.js";

/** Formats that are read as pictures. */
export type PictureFormat = "png" | "jpeg" | "tiff" | "bmp" | "webp" | "gif";

/** So many bytes of a file are enough to tell what it is. */
export const CONTENT_BYTES = 4096;

/** Bytes, as text of one byte a character, and where they stand in the file. */
type Mark = readonly [at: number, bytes: string];

function isMarked(head: Uint8Array, marks: readonly Mark[]): boolean {
  return marks.every(([at, bytes]) => Array.from(bytes).every((byte, i) => head[at + i] === byte.charCodeAt(0)));
}

const PICTURES: readonly (readonly [PictureFormat, ...Mark[]])[] = [
  ["png", [0, "\x89PNG\r\n\x1a\n"]],
  ["jpeg", [0, "\xff\xd8\xff"]],
  // Little and big endian, classic and BigTIFF.
  ["tiff", [0, "II*\0"]],
  ["tiff", [0, "MM\0*"]],
  ["tiff", [0, "II+\0"]],
  ["tiff", [0, "MM\0+"]],
  ["webp", [0, "RIFF"], [8, "WEBP"]],
  ["gif", [0, "GIF87a"]],
  ["gif", [0, "GIF89a"]],
  // The length of its second header is a small number.
  ["bmp", [0, "BM"], [15, "\0\0\0"]],
];

/** What picture a file is by its first bytes, whatever its name. */
export function pictureFormat(head: Uint8Array): PictureFormat | undefined {
  return PICTURES.find(([, ...marks]) => isMarked(head, marks))?.[0];
}

const AS_PICTURE = "save it as PNG, JPEG or TIFF";
const UNPACK = "unpack it, and put the pictures into the folder";
const AGAIN = "copy it again from where it came from";

/** Other things that are found under the names of pictures: what, and what to do. */
const OTHERS: readonly (readonly [what: string, remedy: string, ...Mark[]])[] = [
  ["a DICOM file under another name", "give its name the ending .dcm", [128, "DICM"]],
  ["a NIfTI volume under another name", "give its name the ending .nii", [344, "n+1\0"]],
  ["a NIfTI volume under another name", "give its name the ending .nii", [4, "n+2\0"]],
  [
    "a Git LFS pointer, not the file itself",
    "run git lfs pull in the repository that it comes from, and copy it again",
    [0, "version https://git-lfs.github.com/spec/"],
  ],
  [
    "a git-annex pointer, not the file itself",
    "run git annex get in the repository that it comes from, and copy it again",
    [0, "/annex/objects/"],
  ],
  ["a PDF document", AS_PICTURE, [0, "%PDF-"]],
  ["a ZIP archive", UNPACK, [0, "PK\x03\x04"]],
  ["a gzip file", `${UNPACK}; a NIfTI volume is to be called .nii.gz`, [0, "\x1f\x8b"]],
  ["a 7-Zip archive", UNPACK, [0, "7z\xbc\xaf"]],
  ["a RAR archive", UNPACK, [0, "Rar!"]],
  ["a JPEG 2000 picture", AS_PICTURE, [4, "jP  "]],
  ["a JPEG 2000 picture", AS_PICTURE, [0, "\xff\x4f\xff\x51"]],
  ["a JPEG XL picture", AS_PICTURE, [4, "JXL "]],
  ["a HEIF picture", AS_PICTURE, [4, "ftyphei"]],
  ["a HEIF picture", AS_PICTURE, [4, "ftypmif1"]],
  ["an AVIF picture", AS_PICTURE, [4, "ftypavif"]],
  ["a video", "save the frames that are wanted as PNG", [4, "ftyp"]],
  ["a video", "save the frames that are wanted as PNG", [0, "RIFF"], [8, "AVI "]],
  ["a Photoshop file", AS_PICTURE, [0, "8BPS"]],
  ["a NumPy array", AS_PICTURE, [0, "\x93NUMPY"]],
  ["an HDF5 file", AS_PICTURE, [0, "\x89HDF"]],
  ["a MATLAB file", AS_PICTURE, [0, "MATLAB "]],
  ["what macOS puts beside a copied file, not the file itself", "take it out of the folder", [0, "\0\x05\x16\x07"]],
];

/** Texts, by what stands first in them apart from blanks and XML's own lines. */
const TEXTS: readonly (readonly [what: string, remedy: string, start: RegExp])[] = [
  [
    "a web page, as is saved when a download fails",
    "download the file again, logged in if need be",
    /^<(!doctype\s+html|html|head|body|title)\b/i,
  ],
  ["an SVG drawing", AS_PICTURE, /^<svg\b/i],
  ["an XML text, as is saved when a download fails", "download the file again, logged in if need be", /^<[a-z]/i],
];
const XML_LINES = /^\s*(<\?xml[\s\S]*?\?>|<!--[\s\S]*?-->|<!doctype\s+svg[^>]*>)/i;

/** Nothing but letters and what stands between them; UTF-8 beyond ASCII included. */
function isText(head: Uint8Array): boolean {
  let letters = 0;
  for (const byte of head) {
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) return false;
    if (byte < 127) letters++;
  }
  return letters >= head.length / 2;
}

function textFault(head: Uint8Array): Fault {
  let text = new TextDecoder().decode(head);
  for (let rest = text.replace(XML_LINES, ""); rest !== text; rest = text.replace(XML_LINES, "")) text = rest;
  const known = TEXTS.find(([, , start]) => start.test(text.trimStart()));
  if (known) return { reason: known[0], remedy: known[1] };
  return { reason: "a text, not an image", remedy: `${AGAIN}, or take it out of the folder` };
}

/**
 * What a file is that is no picture, by its first bytes, and what to do about it; undefined where it is not known.
 * @param head up to `CONTENT_BYTES`
 */
export function otherContent(head: Uint8Array): Fault | undefined {
  const known = OTHERS.find(([, , ...marks]) => isMarked(head, marks));
  if (known) return { reason: known[0], remedy: known[1] };
  if (head.every((byte) => byte === 0))
    return { reason: "it begins with nothing but zeros, as a copy that was not finished does", remedy: AGAIN };
  return isText(head) ? textFault(head) : undefined;
}

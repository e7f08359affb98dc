import { stat } from "node:fs/promises";

/** The two files of a NIfTI pair; the voxels may also be in `img` with `.gz` behind it. */
export interface PairNames {
  readonly hdr: string;
  readonly img: string;
}

const HALF = /\.(hdr|img)(\.gz)?$/i;

/** The names of both halves, where the path is that of one: `scan.hdr`, `scan.img` or `scan.img.gz`. */
export function pairOf(path: string): PairNames | undefined {
  const half = HALF.exec(path);
  if (!half) return undefined;
  const stem = path.slice(0, half.index);
  const capital = half[1] === half[1].toUpperCase();
  const name = (extension: string) => `${stem}.${capital ? extension.toUpperCase() : extension}`;
  return half[1].toLowerCase() === "hdr" ? { hdr: path, img: name("img") } : { hdr: name("hdr"), img: name("img") };
}

/** The file of the voxels that lies beside a header, compressed or not; undefined where there is none. */
export async function imgBeside({ img }: PairNames): Promise<string | undefined> {
  for (const candidate of [img, `${img}.gz`]) {
    const there = await stat(candidate).catch(() => undefined);
    if (there?.isFile()) return candidate;
  }
  return undefined;
}

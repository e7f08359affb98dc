import sharp from "sharp";

/** Holds libvips, which reads and writes pictures, to so many CPU threads for one picture, or fewer where it has fewer. */
export function limitPictureThreads(threads: number): void {
  sharp.concurrency(Math.min(threads, sharp.concurrency()));
}

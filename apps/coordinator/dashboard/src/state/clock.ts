/** Milliseconds by which the server's clock is ahead of this one; small differences are the network's. */
let offset = 0;
const TOLERATED = 3000;

/** Reads the `Date` header of an answer. */
export function setOffset(date: string | null): void {
  const at = Date.parse(date ?? "");
  if (Number.isNaN(at)) return;
  const difference = at - Date.now();
  offset = Math.abs(difference) < TOLERATED ? 0 : difference;
}

/** Now by the server's clock, by which all its times are meant. */
export function serverNow(): number {
  return Date.now() + offset;
}

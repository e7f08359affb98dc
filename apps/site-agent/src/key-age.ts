const DAY_MS = 24 * 3_600_000;
/** After so long a site should make new keys. */
export const KEY_AGE_DAYS = 365;

/** How many whole days ago keys were made. @param since ISO 8601. @param now milliseconds since the epoch */
export function keyAgeDays(since: string, now: number): number {
  return Math.max(0, Math.floor((now - Date.parse(since)) / DAY_MS));
}

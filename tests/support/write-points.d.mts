/**
 * @param around is given what changes ("update rounds, update studies") and how to write it, and gives its result.
 * @param study only changes that name this study count.
 * @returns what every statement of one connection goes through.
 */
export function writePoints(
  around: <T>(what: string, write: () => Promise<T>) => Promise<T>,
  study?: string,
): <T>(sql: string, parameters: readonly unknown[] | undefined, run: () => Promise<T>) => Promise<T>;

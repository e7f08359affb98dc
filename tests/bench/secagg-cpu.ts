/** Milliseconds of processor time, user and system, of one call, all threads of this process together. */
export async function cpuMs<T>(task: () => T | Promise<T>): Promise<{ ms: number; result: T }> {
  const start = process.cpuUsage();
  const result = await task();
  const { user, system } = process.cpuUsage(start);
  return { ms: (user + system) / 1e3, result };
}

/** The same per call, over so many calls in a row; for tasks that are short against the clock. */
export function cpuMsEach(task: () => unknown, calls: number): number {
  const start = process.cpuUsage();
  for (let i = 0; i < calls; i++) task();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e3 / calls;
}

type Task = () => unknown;

export interface Rounds {
  /** Rounds that are run first and not counted: compilation, caches, memory. */
  readonly warmUp: number;
  readonly counted: number;
}

/**
 * Times tasks side by side, A B C A B C ..., so that whatever else the machine does meets them all alike.
 * @returns milliseconds of each task in each counted round.
 */
export async function interleaved(tasks: readonly Task[], { warmUp, counted }: Rounds): Promise<number[][]> {
  const samples: number[][] = tasks.map(() => []);
  for (let round = -warmUp; round < counted; round++)
    for (const [t, task] of tasks.entries()) {
      const start = performance.now();
      await task();
      const milliseconds = performance.now() - start;
      if (round >= 0) samples[t].push(milliseconds);
    }
  return samples;
}

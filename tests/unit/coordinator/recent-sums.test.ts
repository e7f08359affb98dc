import { RecentSums } from "@fedbaps/coordinator/store/recent-sums.js";
import { describe, expect, it } from "@jest/globals";

describe("sums that were read lately", () => {
  const source = () => {
    const reads: string[] = [];
    const sums = new RecentSums();
    const get = (study: string, round: number, attempt: number, bytes: number) =>
      sums.get(study, round, attempt, bytes, async () => {
        reads.push(`${study} ${round} ${attempt}`);
        return new Uint8Array([round, attempt]);
      });
    return { sums, reads, get };
  };

  it("are read once for all who ask, and are not another attempt's", async () => {
    const { reads, get } = source();
    const all = await Promise.all([get("a", 1, 1, 8), get("a", 1, 1, 8), get("a", 1, 2, 8), get("b", 1, 1, 8)]);
    expect(all.map((sum) => [...sum])).toEqual([
      [1, 1],
      [1, 1],
      [1, 2],
      [1, 1],
    ]);
    expect(reads).toEqual(["a 1 1", "a 1 2", "b 1 1"]);
  });

  it("are let go, the oldest first, when they are too many bytes; a very large one is never kept", async () => {
    const { reads, get } = source();
    for (const round of [1, 2, 3]) await get("a", round, 1, 7_000_000);
    await get("a", 3, 1, 7_000_000);
    expect(reads).toHaveLength(3);
    await get("a", 1, 1, 7_000_000);
    expect(reads).toHaveLength(4);
    for (let time = 0; time < 2; time++) await get("huge", 1, 1, 40_000_000);
    expect(reads).toHaveLength(6);
  });

  it("are read again after a read that failed", async () => {
    const { sums, get } = source();
    const failing = () => Promise.reject(new Error("the database is away"));
    await expect(sums.get("a", 1, 1, 8, failing)).rejects.toThrow("away");
    await expect(get("a", 1, 1, 8)).resolves.toEqual(new Uint8Array([1, 1]));
  });
});

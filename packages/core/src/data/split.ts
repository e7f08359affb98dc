import { RandomStream } from "../math/rng.js";
import { DatasetError } from "./errors.js";
import { PARTS, type Part } from "./parts.js";

/** What share of the pictures each part gets; the three add up to 1. */
export interface SplitFractions {
  readonly train: number;
  readonly val: number;
  readonly test: number;
}

export interface Split<T> {
  readonly train: readonly T[];
  readonly val: readonly T[];
  readonly test: readonly T[];
}

export const DEFAULT_FRACTIONS: SplitFractions = { train: 0.6, val: 0.2, test: 0.2 };

/** Below this a split leaves nothing to learn from: 5 gives 3, 1 and 1. */
export const MIN_PAIRS = 5;

/** How many of `count` go to each part: val and test are rounded and train has the rest, each at least one. */
export function splitCounts(count: number, fractions: SplitFractions): { train: number; val: number; test: number } {
  const { train, val, test } = fractions;
  const usable = [train, val, test].every((share) => share > 0) && Math.abs(train + val + test - 1) < 1e-6;
  if (!usable) throw new RangeError(`fractions must be positive and add up to 1, not ${train}, ${val}, ${test}`);
  if (count < MIN_PAIRS)
    throw new DatasetError(
      "DATASET_TOO_SMALL",
      `${count} pairs of picture and mask are too few to split; bring at least ${MIN_PAIRS}`,
      { count },
    );
  const forTest = Math.max(1, Math.round(count * test));
  const forVal = Math.max(1, Math.min(count - forTest - 1, Math.round(count * val)));
  const spare = Math.min(forTest, count - forVal - 1);
  return { train: count - forVal - spare, val: forVal, test: spare };
}

/**
 * Splits at random, but always the same way: the outcome depends on how many items there are, their order and the seed,
 * and nothing else. Each part keeps the order of the input.
 * @throws DatasetError DATASET_TOO_SMALL
 */
export function splitBySeed<T>(items: readonly T[], seed: number, fractions = DEFAULT_FRACTIONS): Split<T> {
  return splitByGroup(items, () => undefined, seed, fractions);
}

/** Items that must stay together, by their positions in the input. */
type Group = readonly number[];
type Deal = Record<Part, Group[]>;

/** In the order of their first items. */
function groupsOf<T>(items: readonly T[], groupOf: (item: T) => string | undefined): Group[] {
  const named = new Map<string, number[]>();
  const groups: number[][] = [];
  items.forEach((item, i) => {
    const name = groupOf(item);
    const known = name === undefined ? undefined : named.get(name);
    if (known) {
      known.push(i);
      return;
    }
    const group = [i];
    groups.push(group);
    if (name !== undefined) named.set(name, group);
  });
  return groups;
}

const sizeOf = (groups: readonly Group[]) => groups.reduce((sum, group) => sum + group.length, 0);

/** Deals groups in their order: a part is full when one more would lead away from its count; none stays empty. */
function deal(groups: readonly Group[], counts: Readonly<Record<Part, number>>): Deal {
  const dealt: Deal = { train: [], val: [], test: [] };
  let part = 0;
  let held = 0;
  groups.forEach((group, n) => {
    const left = groups.length - n;
    const later = PARTS.length - 1 - part;
    const gap = counts[PARTS[part]] - held;
    const away = Math.abs(gap - group.length) >= Math.abs(gap) && later > 0;
    if (held > 0 && (away || left <= later)) {
      part++;
      held = 0;
    }
    dealt[PARTS[part]].push(group);
    held += group.length;
  });
  return dealt;
}

/** One step of `even`: groups to exchange between two parts; `take` or `give` may be none. */
interface Exchange {
  readonly from: Part;
  readonly to: Part;
  readonly give: Group;
  readonly take?: Group | undefined;
  readonly gain: number;
}

/** The first group of every size: groups of one size are worth the same. */
function bySize(groups: readonly Group[]): Group[] {
  const first = new Map<number, Group>();
  for (const group of groups) if (!first.has(group.length)) first.set(group.length, group);
  return [...first.values()];
}

function bestExchange(dealt: Deal, counts: Readonly<Record<Part, number>>): Exchange | undefined {
  const excess = (part: Part) => sizeOf(dealt[part]) - counts[part];
  let best: Exchange | undefined;
  for (const from of PARTS)
    for (const to of PARTS) {
      if (from === to) continue;
      const [a, b] = [excess(from), excess(to)];
      const takes = [undefined, ...bySize(dealt[to])];
      for (const give of bySize(dealt[from]))
        for (const take of takes) {
          if (!take && dealt[from].length === 1) continue;
          const moved = give.length - (take?.length ?? 0);
          if (moved <= 0) continue;
          const gain = a ** 2 + b ** 2 - (a - moved) ** 2 - (b + moved) ** 2;
          if (gain > (best?.gain ?? 0)) best = { from, to, give, take, gain };
        }
    }
  return best;
}

/** Moves and exchanges groups while that brings the parts nearer to their counts. Every step gains, so it ends. */
function even(dealt: Deal, counts: Readonly<Record<Part, number>>): void {
  for (;;) {
    const exchange = bestExchange(dealt, counts);
    if (!exchange) return;
    const { from, to, give, take } = exchange;
    dealt[from] = dealt[from].filter((group) => group !== give).concat(take ? [take] : []);
    dealt[to] = dealt[to].filter((group) => group !== take).concat([give]);
  }
}

/**
 * Splits groups of items (patients) at random, but always the same way: no group is in two parts, and the parts are as
 * near to the fractions as dealing and exchanging groups brings them. The outcome depends on the items' order, on which
 * of them belong together and on the seed; not on what the groups are called. With groups of one item each it is plain
 * `splitBySeed`. Each part keeps the order of the input.
 *
 * @param groupOf the group's name; undefined for an item on its own
 * @throws DatasetError DATASET_TOO_SMALL for fewer than 5 items, or fewer than 3 groups
 */
export function splitByGroup<T>(
  items: readonly T[],
  groupOf: (item: T) => string | undefined,
  seed: number,
  fractions = DEFAULT_FRACTIONS,
): Split<T> {
  const counts = splitCounts(items.length, fractions);
  const groups = groupsOf(items, groupOf);
  if (groups.length < PARTS.length)
    throw new DatasetError(
      "DATASET_TOO_SMALL",
      `${items.length} cases of ${groups.length} ${groups.length === 1 ? "patient" : "patients"} cannot be split without a ` +
        `patient in two parts; bring at least ${PARTS.length} patients, or a manifest.csv with a column patient if these identifiers are wrong`,
      { count: items.length, patients: groups.length },
    );
  const dealt = deal(new RandomStream(seed, "split").shuffle(groups), counts);
  even(dealt, counts);
  const part = (name: Part) =>
    dealt[name]
      .flat()
      .sort((a, b) => a - b)
      .map((i) => items[i]);
  return { train: part("train"), val: part("val"), test: part("test") };
}

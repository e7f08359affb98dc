import type { Study } from "../api/types.js";
import { usageOf } from "./usage.js";

export interface HeadFigures {
  readonly diceLabel: string;
  readonly dice: number | undefined;
  readonly gain: number | undefined;
  /** Of all sites, as far as they have said. */
  readonly queries: number;
}

/** The few figures at the head of a study: the final ones where sites have reported, else those of the newest round. */
export function headFigures(study: Study): HeadFigures {
  const queries = usageOf(study).reduce((sum, usage) => sum + (usage.queries ?? 0), 0);
  const told = study.reports.filter(({ adaptedDice }) => adaptedDice !== undefined);
  if (told.length > 0) {
    const dice = mean(told.map(({ adaptedDice }) => adaptedDice!));
    const before = told.flatMap(({ zeroShotDice }) => (zeroShotDice === undefined ? [] : [zeroShotDice]));
    const gain = before.length === told.length ? dice - mean(before) : undefined;
    return { diceLabel: "Mean test Dice after", dice, gain, queries };
  }
  const last = study.rounds.findLast(({ phase, metrics }) => phase === "completed" && metrics?.valDice !== undefined);
  const { valDice, zeroShotValDice } = last?.metrics ?? {};
  const gain = valDice !== undefined && zeroShotValDice !== undefined ? valDice - zeroShotValDice : undefined;
  return { diceLabel: "Validation Dice", dice: valDice, gain, queries };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

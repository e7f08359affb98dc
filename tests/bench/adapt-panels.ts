import { mean } from "@fedbaps/core/math/vector.js";
import { meanCurve } from "./adapt-curve.js";
import type { PlotLine, PlotPanel } from "./adapt-plot.js";
import { groupsOf, type RunFigures } from "./adapt-summary.js";

/** For every black box the mean over centres, then each centre. */
export function panelsOf(runs: readonly RunFigures[]): PlotPanel[] {
  return groupsOf(runs, ({ blackbox }) => blackbox).flatMap((group) => {
    const centres = groupsOf(group, ({ centre }) => centre);
    const panels = centres.map((members) => panelOf(`${members[0].centre}, ${members[0].blackbox}`, members));
    if (centres.length < 2) return panels;
    return [panelOf(`mean over ${centres.length} centres, ${group[0].blackbox}`, group), ...panels];
  });
}

function panelOf(title: string, runs: readonly RunFigures[]): PlotPanel {
  const lines = groupsOf(runs, ({ method }) => method).map((members): PlotLine => {
    const seeds = groupsOf(members, ({ seed }) => `${seed}`).map((group) => group.map(({ curve }) => curve));
    return {
      label: members[0].method,
      deployed: meanCurve(seeds, "deployedDice"),
      raw: meanCurve(seeds, "rawDice"),
    };
  });
  const references = runs.flatMap(({ referenceDice }) => referenceDice ?? []);
  const level = references.length > 0 ? { label: "small network alone", dice: mean(references) } : undefined;
  return { title, lines, level };
}

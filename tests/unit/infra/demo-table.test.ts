import { type DemoReport, meanReference, type SiteFigures, table } from "@fedbaps/demo/report.js";
import { expect, it } from "@jest/globals";

const site = (name: string, referenceDice?: number): SiteFigures => ({
  site: name,
  images: { train: 36, val: 12, test: 12 },
  zeroShotDice: 0.5,
  adaptedDice: 0.75,
  ...(referenceDice === undefined ? {} : { referenceDice }),
  deployed: true,
  queries: 1196,
  blackboxSeconds: 1,
});

const report = (...sites: SiteFigures[]) =>
  ({ sites, zeroShotDice: 0.5, adaptedDice: 0.75, referenceDice: meanReference(sites) }) as unknown as DemoReport;

it("the demo's table has what a small network does alone, and its mean", () => {
  const [head, , first, second, , all] = table(report(site("a", 0.625), site("b", 0.875))).split("\n");
  expect(head).toMatch(/gain {2}alone {2}uses/);
  expect(first).toMatch(/^a +36\/12\/12 +0\.500 +0\.750 {2}\+0\.250 {2}0\.625 {2}adapted +1196$/);
  expect(second).toMatch(/0\.875 {2}adapted/);
  expect(all).toMatch(/^mean +0\.500 +0\.750 {2}\+0\.250 {2}0\.750$/);
});

it("a site that has no such figure leaves its place empty, and there is no mean of others", () => {
  const some = [site("a", 0.625), site("b")];
  expect(meanReference(some)).toBeNull();
  const [, , , second, , all] = table(report(...some)).split("\n");
  expect(second).toMatch(/\+0\.250 +adapted +1196$/);
  expect(all).toMatch(/\+0\.250$/);
});

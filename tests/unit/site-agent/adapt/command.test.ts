import { join } from "node:path";
import { meanDice } from "@fedbaps/core/training/evaluate.js";
import { readResults } from "@fedbaps/site-agent/report/results-file.js";
import { expect, it } from "@jest/globals";
import { run } from "../../../support/command-line.js";
import { phantomSite } from "../../../support/phantom-site.js";
import { removeTemporaryFolders, temporaryFolder } from "../../../support/temporary-folder.js";

removeTemporaryFolders();

it("adapt measures a small network alone without a query, and its figures are in all that tells of the run", async () => {
  const data = await phantomSite({ images: 15 });
  const folder = await temporaryFolder();
  const out = join(folder, "out");
  const flags = ["--decoder", "filter-bank", "--budget", "130", "--clicks", "1", "--out", out];
  const adapted = await run("adapt", "--data", data, ...flags, "--json");
  expect([adapted.status, adapted.status === 0 ? "" : adapted.err]).toEqual([0, ""]);
  const results = await readResults(out);
  const alone = results?.test.reference ?? [];
  expect(alone.map(({ id }) => id)).toEqual(results?.test.zeroShot.map(({ id }) => id));
  expect(alone.every(({ hd95 }) => hd95 !== undefined)).toBe(true);
  const referenceDice = meanDice(alone);
  expect(referenceDice).toBeGreaterThan(0.5);
  expect(JSON.parse(adapted.out)).toMatchObject({ referenceDice });
  // What the test split cost: nothing for the small network.
  expect(results?.meter.report).toBe(alone.length * (results?.deployed ? 2 : 1));

  const told = await run("report", out, "--no-pictures", "--out", join(folder, "report.html"));
  expect(told.out).toContain(`without the black box: Dice ${referenceDice.toFixed(3)}\n`);
}, 180_000);

it("adapt refuses a decoder that its preset is not made for, before anything is opened", async () => {
  const { status, err } = await run("adapt", "--data", "nowhere", "--preset", "paper", "--decoder", "texture");
  expect([status, err]).toEqual([2, expect.stringContaining("use the decoder baps")]);
});

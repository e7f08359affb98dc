import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ImageError } from "@fedbaps/core/image/errors.js";
import type { ImageScore } from "@fedbaps/core/training/evaluate.js";
import { policySchema } from "@fedbaps/site-agent/policy.js";
import { measureReference, referenceWords } from "@fedbaps/site-agent/report/reference.js";
import { readResults } from "@fedbaps/site-agent/report/results-file.js";
import { lead } from "@fedbaps/site-agent/report/statistics.js";
import { filterReport, type LocalReport } from "@fedbaps/site-agent/study-report.js";
import { describe, expect, it } from "@jest/globals";
import { after, alone, before, scores } from "../../../support/report-data.js";
import { removeTemporaryFolders, temporaryFolder } from "../../../support/temporary-folder.js";
import { makeRunner } from "../make-runner.js";
import { type StubOptions, stubTraining } from "../stub-training.js";

removeTemporaryFolders();

const never = new AbortController().signal;
const measured = (reference: () => Promise<ImageScore[]>, signal = never) => {
  const lines: string[] = [];
  const ended = measureReference({ reference }, signal, (line) => lines.push(line));
  return { ended, lines };
};

describe("measuring the small network alone", () => {
  it("does not fail what was paid for: it says why, and names no file", async () => {
    const { ended, lines } = measured(() =>
      Promise.reject(new ImageError("IMAGE_UNREADABLE", "mueller.png cannot be read")),
    );
    expect(await ended).toBeUndefined();
    expect(lines).toEqual([expect.stringMatching(/small network alone would do could not be measured: .*data check/)]);
    expect(lines[0]).not.toContain("mueller");
  });

  it("ends when it is told to", async () => {
    const stop = new AbortController();
    const { ended, lines } = measured(async () => {
      stop.abort();
      throw new Error("cut off");
    }, stop.signal);
    await expect(ended).rejects.toMatchObject({ name: "AbortError" });
    expect(lines).toEqual([]);
    await expect(measured(async () => alone, stop.signal).ended).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("what is said of it", () => {
  it("is its figure, and plainly where it does better than what the site uses", () => {
    const figure = "a small network trained on your labels alone, without the black box: Dice 0.616";
    expect(referenceWords({ zeroShot: before, adapted: after, reference: alone }, 1)).toEqual({ figure });
    expect(referenceWords({ zeroShot: before, adapted: after }, 1)).toBeUndefined();
    const much = after.map((score) => ({ ...score, dice: score.dice + 0.1 }));
    expect(referenceWords({ zeroShot: before, adapted: after, reference: much }, 1)?.advice).toBe(
      "On these images the small network alone does better than the adapted black box: " +
        "consider whether you need the black box for this task.",
    );
    expect(referenceWords({ zeroShot: before, adapted: null, reference: alone }, 1)?.advice).toMatch(
      /does better than the plain black box: .* for this task\./,
    );
    const [few, more] = [scores(0.5, 0.6), scores(0.6, 0.65)];
    expect(referenceWords({ zeroShot: few, adapted: null, reference: more }, 1)?.advice).toMatch(/may be chance\.$/);
    expect(referenceWords({ zeroShot: few, adapted: null, reference: few }, 1)?.advice).toBeUndefined();
  });

  it("rests on pairs of the same images", () => {
    expect(lead(alone, before, 1).difference.mean).toBeCloseTo(0.035, 10);
    expect(() => lead(alone.slice(1), before, 1)).toThrow(RangeError);
  });
});

describe("a study's end", () => {
  async function study(options: StubOptions) {
    const folder = await temporaryFolder();
    const out = join(folder, "out");
    const { runner, sent, hash, store } = await makeRunner({
      folder,
      out,
      open: stubTraining(options).open,
      policy: { metrics: "own" },
    });
    runner.receive({ phase: "report", study: "study", version: 0, studyHash: hash });
    await runner.idle();
    const report = JSON.parse(await readFile(join(out, "report.json"), "utf8")) as LocalReport;
    return { sent, report, results: await readResults(store.folder) };
  }

  it("has it in the site's own files and words, and sends nothing of it", async () => {
    const { sent, report, results } = await study({ reference: 0.8125 });
    expect(report.referenceDice).toBe(0.8125);
    expect(results?.test.reference).toHaveLength(5);
    expect(results?.test.reference?.map(({ id }) => id)).toEqual(results?.test.zeroShot.map(({ id }) => id));
    expect(sent.lines).toEqual([
      expect.stringMatching(
        /Dice 0\.813; .* in .*\. On these images the small network alone does better than the plain/,
      ),
    ]);
    expect(sent.reports).toMatchObject([{ zeroShotDice: 0.5 }]);
    expect(JSON.stringify([sent.reports, sent.replies, sent.progress])).not.toMatch(/reference"|referenceDice|0\.8125/);
    const policy = policySchema.parse({ metrics: "own" });
    expect(filterReport(report, policy)).not.toHaveProperty("referenceDice");
  });

  it("comes also where it cannot be measured", async () => {
    const { sent, report, results } = await study({ reference: () => Promise.reject(new TypeError("secret")) });
    expect([report.referenceDice, results?.test.reference]).toEqual([undefined, undefined]);
    expect(sent.reports).toHaveLength(1);
    expect(sent.lines).toEqual([
      expect.stringMatching(/^study: what a small network alone .*unexpected error \(TypeError\)/),
      expect.stringMatching(/zero-shot\); report\.json is in/),
    ]);
  });
});

import { createHash } from "node:crypto";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { bootstrapMeanCi95 } from "@fedbaps/core/metrics/bootstrap.js";
import { chooseCases } from "@fedbaps/site-agent/report/cases.js";
import { html } from "@fedbaps/site-agent/report/html.js";
import { reportPage } from "@fedbaps/site-agent/report/page.js";
import type { ReportData } from "@fedbaps/site-agent/report/report-data.js";
import { compare, outcomes } from "@fedbaps/site-agent/report/statistics.js";
import { describe, expect, it } from "@jest/globals";
import { after, alone, before, finished, scores } from "../../../support/report-data.js";

const page = (data: Partial<ReportData> = {}, more: Partial<Parameters<typeof reportPage>[0]> = {}) =>
  reportPage({
    data: { ...finished, ...data },
    nameOf: (id) => `image ${id}`,
    queries: 0,
    now: "2026-03-02T00:00:00.000Z",
    ...more,
  });

/** The words that a reader sees. */
const words = (text: string) =>
  text
    .replace(/<style>.*<\/style>/s, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/\s+/g, " ");

describe("the page of results", () => {
  it("asks nobody for anything, and its own policy would not let it", () => {
    const text = page();
    expect(text).not.toMatch(/https?:|<script|<link|<iframe|<form|url\(|@import|\son\w+=|javascript:/i);
    expect(text).not.toMatch(/\sstyle="/);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(text)?.[1] ?? "";
    const style = /<style>(.*)<\/style>/s.exec(text)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(policy.replaceAll("&#39;", "'")).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`,
    );
  });

  it("shows names and titles as text, whatever they hold", () => {
    const text = page({}, { nameOf: () => '"><img src=x onerror=alert(1)>' });
    expect(text).not.toContain("<script>alert");
    expect(text).not.toContain("<img src=x");
    expect(words(text)).toContain('Skin <script>alert("1")</script> & more');
  });

  it("is well formed: every element that is opened is closed, and headings go down by one", () => {
    for (const text of [
      page(),
      page({ finished: false, test: undefined }),
      page({ test: { zeroShot: before, adapted: after } }),
      page({ test: { zeroShot: before, adapted: null }, version: 0 }),
    ]) {
      const open: string[] = [];
      const empty = new Set(["meta", "br", "img"]);
      for (const [, slash, name, rest] of text.replace("<!doctype html>", "").matchAll(/<(\/?)([a-z0-9]+)([^>]*)>/g)) {
        if (slash) expect(open.pop()).toBe(name);
        else if (!empty.has(name) && !rest.endsWith("/")) open.push(name);
      }
      expect(open).toEqual([]);
      const levels = [...text.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
      expect(levels.every((level, i) => level <= (levels[i - 1] ?? 0) + 1)).toBe(true);
      const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const [, list] of text.matchAll(/aria-labelledby="([^"]+)"/g))
        for (const id of list.split(" ")) expect(ids).toContain(id);
    }
  });

  it("says in words what was done, what came of it, and why the decoder is in use", () => {
    const text = words(page());
    expect(text).toContain("the adapted decoder is in use (version 6)");
    expect(text).toContain(
      "on 24 images of this site, together with other sites (3 in every sum): only encrypted sums became known.",
    );
    expect(text).toContain("it was asked 1 348 times of at most 1 500");
    expect(text).toContain("the plain model reaches a Dice of 0.581, the adapted one 0.666: a difference of +0.085");
    expect(text).toMatch(/p = 0\.0\d\d\)\. 7 images became better, 1 worse\./);
    expect(text).toContain(
      "Version 6 is in use because it was shown to be better than zero-shot on 2 validation images: Dice 0.650 against 0.550",
    );
    expect(text).toMatch(/reply\/maskedInput 4 2\.4 kB the masked update/);
    expect(text).toMatch(/1 1 ward-7, ward-8, ward-9 ward-4/);
  });

  it("shows beside the black box what a small network does alone, and what that is", () => {
    const text = words(page());
    expect(text).toContain(
      "a small network was trained on this site's labels alone, without the black box: " +
        "it reaches a Dice of 0.616 (95 % interval",
    );
    expect(text).toMatch(/0\.050 less than the adapted black box \(p = 0\.\d+\)/);
    expect(text).toContain("measure zero-shot adapted network alone difference test");
    expect(text).toMatch(/Dice 0\.581 [\d. to]+ 0\.666 [\d. to]+ 0\.616 [\d. to]+ \+0\.085/);
    expect(text).toMatch(/Network alone: a small network .* without a query/);
    expect(text).toContain(
      "Dice alone HD95 zero-shot HD95 adapted HD95 alone image 1 0.500 0.600 +0.100 0.550 10.0 8.0 9.0",
    );
    expect(text).not.toContain("consider whether you need");
  });

  it("says plainly where the small network does better", () => {
    const better = after.map((score) => ({ ...score, dice: score.dice + 0.1 }));
    const [adapted, plain] = [after, null].map((adapted) =>
      words(page({ test: { zeroShot: before, adapted, reference: better } })),
    );
    const advice = "black box: consider whether you need the black box for this task.";
    expect(adapted).toContain(`On these images the small network alone does better than the adapted ${advice}`);
    expect(adapted).toMatch(/0\.100 more than the adapted black box \(p = 0\.008\)/);
    expect(plain).toContain(`On these images the small network alone does better than the plain ${advice}`);
    expect(plain).toContain("measure zero-shot network alone Dice");
  });

  it("of a decoder that paints textures does not say that what it draws is faint", () => {
    const { settings } = finished;
    const painted = words(page({ settings: settings && { ...settings, decoder: "texture" } }));
    expect(painted).toContain("it paints one texture there and another elsewhere");
    expect(painted).not.toContain("faint");
  });

  it("without it, of older results, speaks of none", () => {
    expect(words(page({ test: { zeroShot: before, adapted: after } }))).not.toMatch(/small network|alone/);
  });

  it("of a site that stays zero-shot says that nothing became worse", () => {
    const text = words(page({ version: 0, test: { zeroShot: before, adapted: null } }));
    expect(text).toContain("stays with the plain model (zero-shot)");
    expect(text).toContain(
      "No version was shown to be better than zero-shot on 2 validation images (Dice 0.550), so the plain model stays in " +
        "use and nothing has become worse. There version 6 had a higher mean, Dice 0.650, but the gain is too small",
    );
    const falling = finished.curve.map((point) => ({ ...point, valDice: 0.55 - 0.01 * point.version }));
    expect(words(page({ version: 0, test: { zeroShot: before, adapted: null }, curve: falling }))).not.toContain(
      "higher mean",
    );
    expect(text).not.toContain("Dice adapted");
  });

  it("of a study under way says so, and shows no figure of the test images", () => {
    const text = words(page({ finished: false, test: undefined }));
    expect(text).toContain("under way: the end has not been measured yet");
    expect(text).toContain(
      "So far version 6 would be used: it was shown to be better than zero-shot on 2 validation images",
    );
    expect(text).not.toContain("Figures on the test images");
    expect(
      words(
        page({ finished: false, test: undefined, validation: undefined, curve: [], version: 0, settings: undefined }),
      ),
    ).toContain("Nothing has been measured on the validation images yet");
  });

  it("does not make more of a difference than the test allows", () => {
    const [little, worse] = [
      scores(0.51, 0.59, 0.7, 0.41, 0.8, 0.55, 0.64, 0.46),
      before.map((s) => ({ ...s, dice: s.dice - 0.1 })),
    ];
    expect(words(page({ test: { zeroShot: before, adapted: little } }))).toContain("may be chance");
    const text = words(page({ test: { zeroShot: before, adapted: worse } }));
    expect(text).toContain("worse than would be expected by chance");
    // Without pictures, it speaks of none.
    expect(text).toContain("Have a look at the table at the end");
    expect(text).not.toContain("holds pictures");
  });
});

describe("compare", () => {
  it("pairs by image, and gives the same intervals at every call", () => {
    const [dice, iou, hd] = compare(before, after, 1);
    expect([dice.metric, iou.metric, hd.metric, hd.lower]).toEqual(["Dice", "IoU", "HD95", true]);
    expect(dice.difference?.mean).toBeCloseTo(0.085, 10);
    // Of 2^8 patterns four have a negative sum of ranks up to 2.5, that of the tied 0.05: none, 1, and 2.5 twice.
    expect(dice.p).toBe(8 / 256);
    expect(compare(before, after, 1)).toEqual([dice, iou, hd]);
    // With the small network alone, which changes nothing of the rest.
    const [more] = compare(before, after, 1, alone);
    expect(more).toEqual({
      ...dice,
      reference: { mean: expect.closeTo(0.61625), low: expect.any(Number), high: expect.any(Number) },
    });
    expect(() => compare(before, after, 1, alone.slice(1))).toThrow(RangeError);
    // Those of evaluate.
    const dices = after.map((score) => score.dice);
    expect([dice.adapted?.low, dice.adapted?.high]).toEqual(bootstrapMeanCi95(dices, new RandomStream(1, "bootstrap")));
    expect(() => compare(before, after.slice(1), 1)).toThrow(RangeError);
  });

  it("leaves out a measure that an older journal lacks, and does without an adapted side", () => {
    const without = before.map(({ hd95: _, ...score }) => score);
    expect(compare(without, null, 1).map(({ metric, adapted }) => [metric, adapted])).toEqual([
      ["Dice", undefined],
      ["IoU", undefined],
    ]);
  });
});

describe("chooseCases and outcomes", () => {
  it("show the largest gains and losses, no image twice", () => {
    const { best, worst } = chooseCases(before, after);
    expect(best.map(({ id }) => id)).toEqual([4, 6, 8]);
    expect(worst.map(({ id }) => id)).toEqual([7, 5, 3]);
    expect(outcomes(before, after)).toEqual({ better: 7, equal: 0, worse: 1 });
    for (const count of [0, 1, 2, 3, 5]) {
      const few = chooseCases(before.slice(0, count), null);
      const ids = [...few.best, ...few.worst].map(({ id }) => id);
      expect(new Set(ids).size).toBe(count);
    }
  });
});

describe("html", () => {
  it("escapes what is put in, and nothing that is HTML already", () => {
    const inner = html`<b>${"<&\"'>"}</b>`;
    expect(html`<p title="${'"'}">${inner}${[1, html`<i>x</i>`]}${undefined}${false}${null}${0}</p>`.text).toBe(
      '<p title="&#34;"><b>&#60;&#38;&#34;&#39;&#62;</b>1<i>x</i>0</p>',
    );
  });
});

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { reportPage } from "@fedbaps/site-agent/report/page.js";
import type { ReportData } from "@fedbaps/site-agent/report/report-data.js";
import { expect, test } from "@jest/globals";
import { before, finished } from "../support/report-data.js";
import { artefactFolder, picture, useBrowser } from "./browser.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const visit = useBrowser();

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}
declare const window: Window & { axe: { run(): Promise<{ violations: Finding[] }> } };

const PAGES: Readonly<Record<string, Partial<ReportData>>> = {
  adapted: {},
  "zero-shot": { version: 0, test: { zeroShot: before, adapted: null } },
  "under-way": { finished: false, test: undefined },
};

test.each(
  Object.keys(PAGES).flatMap((name) =>
    (["light", "dark"] as const).flatMap((scheme) => [1280, 390].map((width) => [name, scheme, width] as const)),
  ),
)(
  "the page of results (%s, %s, %i pixels wide) can be read by everybody and asks nobody",
  async (name, scheme, width) => {
    const file = join(artefactFolder(), `results-${name}.html`);
    const data = { ...finished, ...PAGES[name] };
    writeFileSync(
      file,
      reportPage({ data, nameOf: (id) => `image ${id}`, queries: 0, now: "2026-03-02T00:00:00.000Z" }),
    );
    const { page, context, faults } = await visit("about:blank", {
      colorScheme: scheme,
      viewport: { width, height: 900 },
    });
    const asked: string[] = [];
    page.on("request", (request) => void asked.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    expect(await page.evaluate(() => document.scripts.length)).toBe(0);
    expect(asked).toEqual([pathToFileURL(file).href]);
    expect(faults).toEqual([]);
    await picture(page, `results-${name}-${scheme}-${width}`);
    await context.close();
  },
);

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string) => readFile(`${root}${path}`, "utf8");

it("docs/data.md has every code of a data folder, with its remedy", async () => {
  const source = await read("packages/core/src/data/errors.ts");
  const codes = [...source.matchAll(/\| "([A-Z_]+)"/g)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(20);
  const text = await read("docs/data.md");
  const missing = codes.filter(
    (code) => code !== "DATASET_BAD_CASES" && !new RegExp(`^\\| \`${code}\` \\| .+ \\| .+ \\|$`, "m").test(text),
  );
  expect(missing).toEqual([]);
  expect(text).toContain("`DATASET_BAD_CASES`");
});

it("site.yaml of a new home explains every rule", async () => {
  const { readingFields } = await import("@fedbaps/core/data/reading.js");
  const { siteSettingsText } = await import("@fedbaps/site-agent/site-settings.js");
  const text = siteSettingsText({ site: "a" });
  for (const rule of [...Object.keys(readingFields), "tolerance", "reading"]) expect(text).toContain(`${rule}:`);
  const docs = await read("docs/data.md");
  for (const rule of Object.keys(readingFields)) expect(docs).toContain(`| \`${rule}\` | \`--${rule}\` |`);
});

import { DEFAULT_READING, readingFields, readingRules, readingSchema } from "@fedbaps/core/data/reading.js";
import { siteSettingsText } from "@fedbaps/site-agent/site-settings.js";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";

describe("reading rules", () => {
  it.each([
    ["frames", "1, 5", [1, 5]],
    ["frames", "middle", "middle"],
    ["frames", 3, [3]],
    ["window", "-600,1500", { center: -600, width: 1500 }],
    ["window", { center: 40, width: 400 }, { center: 40, width: 400 }],
    ["slices", "every:3", { every: 3 }],
    ["slices", { every: 2 }, { every: 2 }],
    ["labels", "1,3", [1, 3]],
    ["segments", [2], [2]],
    ["plane", "coronal", "coronal"],
  ] as const)("%s may be %j", (name, given, meant) => {
    expect(readingFields[name].parse(given)).toEqual(meant);
  });

  it.each([
    ["frames", "0"],
    ["frames", "last"],
    ["window", "40,0"],
    ["window", "40"],
    ["slices", "every:0"],
    ["slices", "all"],
    ["labels", "0,1"],
    ["labels", ""],
    ["segments", "1,x"],
    ["plane", "oblique"],
  ] as const)("%s may not be %j, and the error says what may", (name, given) => {
    const { error } = readingFields[name].safeParse(given);
    expect(error?.issues[0].message).toMatch(/^use /);
  });

  it("count in order: flags, file, defaults", () => {
    expect(readingRules()).toEqual(DEFAULT_READING);
    const file = readingSchema.parse({ window: "40,400", plane: "sagittal", labels: null });
    expect(readingRules({ plane: "coronal", slices: undefined }, file)).toEqual({
      plane: "coronal",
      slices: { every: 5 },
      window: { center: 40, width: 400 },
    });
  });

  it("that nobody knows are refused", () => {
    expect(readingSchema.safeParse({ slice: "largest" }).success).toBe(false);
  });

  it("in the comments of a new site.yaml are valid once the marks are taken away", () => {
    const text = siteSettingsText({ site: "a" });
    const lines = text.split("\n");
    const from = lines.findIndex((line) => line.startsWith("# reading:"));
    const block = lines.slice(from).filter((line) => /^# ( {2}\w+:|reading:|tolerance:)/.test(line));
    const { reading, tolerance } = parse(block.map((line) => line.slice(2)).join("\n"));
    expect(readingSchema.parse(reading)).toMatchObject({ slices: { every: 5 }, frames: "middle", labels: [1, 2] });
    expect(tolerance).toBe(0.05);
  });
});

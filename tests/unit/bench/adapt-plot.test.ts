import { describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { drawPlot, type Plot } from "../../bench/adapt-plot.js";

const at = (queries: number, mean: number) => ({ queries, mean, low: mean - 2, high: mean + 2, count: 2 });
const plot: Plot = {
  title: 'a <centre> & "another"',
  queries: 400,
  panels: ["one", "two"].map((title) => ({
    title,
    lines: ["default", "paper"].map((label) => ({
      label,
      deployed: [at(0, 0.4), at(100, 0.6)],
      raw: [at(0, 0.4), at(100, 0.5)],
    })),
    level: { label: "alone", dice: 0.7 },
  })),
};

describe("the plot", () => {
  it("is a picture that a reader of SVG takes, wide enough for its panels", async () => {
    const svg = drawPlot(plot);
    const { format, width } = await sharp(Buffer.from(svg)).metadata();
    expect(format).toBe("svg");
    expect(width).toBeGreaterThanOrEqual(600);
    await expect(sharp(Buffer.from(svg)).png().toBuffer()).resolves.toBeInstanceOf(Buffer);
  });

  it("has one line for every method in every panel, and all its words once", () => {
    const svg = drawPlot(plot);
    expect(svg.match(/stroke-width="2"\/>/g)).toHaveLength(4);
    for (const words of ["one", "two", "default", "paper"]) expect(svg.split(`>${words}</text>`)).toHaveLength(2);
    expect(svg).toContain("a &lt;centre&gt; &amp; &quot;another&quot;");
  });

  it("draws nothing outside its panels, however wide a band is", () => {
    const heights = [...drawPlot(plot).matchAll(/L[\d.]+ (-?[\d.]+)/g)].map(([, height]) => Number(height));
    expect(heights.length).toBeGreaterThan(10);
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...heights)).toBeLessThanOrEqual(220);
  });

  it("stands without any run", async () => {
    const { format } = await sharp(Buffer.from(drawPlot({ title: "none", queries: 10, panels: [] }))).metadata();
    expect(format).toBe("svg");
  });
});

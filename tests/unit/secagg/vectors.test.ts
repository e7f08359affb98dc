// The file that a site in another language is held to is what this code makes. FEDBAPS_WRITE_VECTORS=1 writes it anew.
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { secaggVectors } from "../../vectors/secagg-vectors.js";

const FILE = "tests/vectors/secagg.json";

it("the vectors of the specification are those that this code makes", async () => {
  const made = `${JSON.stringify(await secaggVectors(), null, 2)}\n`;
  if (process.env.FEDBAPS_WRITE_VECTORS === "1") writeFileSync(FILE, made);
  expect(readFileSync(FILE, "utf8")).toBe(made);
});

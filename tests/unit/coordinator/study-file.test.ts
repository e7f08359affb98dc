import { parseStudyFile, StudyFileError } from "@fedbaps/coordinator/study-file.js";
import { describe, expect, it } from "@jest/globals";

function faultsOf(text: string) {
  try {
    parseStudyFile(text);
  } catch (error) {
    if (error instanceof StudyFileError) return error.faults.map(({ path, line }) => [path, line]);
    throw error;
  }
  throw new Error("no fault was found");
}

describe("a study file", () => {
  it("is read with its defaults", () => {
    const study = parseStudyFile("# ours\nname: liver\nparticipation:\n  sites: [north, south, west]\n");
    expect(study).toMatchObject({ name: "liver", rounds: 4, participation: { require: "all" }, silenceSeconds: 600 });
  });

  it("shows every fault at once, each with its place", () => {
    const text = [
      "name: Liver Study",
      "rounds: 0",
      "budget: lots",
      "colour: red",
      "participation:",
      "  sites:",
      "    - north",
      "    - north",
      "    - South!",
      "  require: 9",
      "silenceSeconds: 0",
    ].join("\n");
    expect(faultsOf(text)).toEqual([
      ["name", 1],
      ["rounds", 2],
      ["budget", 3],
      ["colour", 4],
      ["participation.sites", 6],
      ["participation.sites.2", 9],
      ["participation.require", 10],
      ["silenceSeconds", 11],
    ]);
  });

  it("says what is missing, and what is no YAML", () => {
    expect(() => parseStudyFile("rounds: 3")).toThrow(/name: is missing\n.*participation: is missing/);
    expect(faultsOf("name: [a\nrounds: 3\n  x: }")).not.toEqual([]);
    for (const text of ["", "just text", "- a\n- b"]) expect(faultsOf(text)).toHaveLength(1);
  });
});

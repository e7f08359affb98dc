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
    expect(() => parseStudyFile("# nothing yet\n")).toThrow(/the file is empty/);
    expect(() => parseStudyFile("just text")).toThrow(/must hold settings/);
  });

  it("says in plain words what a setting must be", () => {
    const cases = [
      ["participation: {sites: [a, b], require: most}", 'require: give "all" or a whole number of at least 3'],
      ["participation: {sites: [a, b, c], require: 2}", 'require: give "all" or a whole number of at least 3'],
      ["participation: {sites: [a, b]}", "participation.sites: name at least 3 sites"],
      ["participation: {sites: north}", "participation.sites: must be a list"],
      ["participation: 3", "participation: must hold settings of its own"],
      ["rounds: .inf", "rounds: must be a finite number"],
      ["clip: .nan", "clip: must be a finite number"],
      ["clip: 0", "clip: must be at least 0.000001"],
      ["rounds: 1.5", "rounds: must be a whole number"],
      ["maxImages: 1e99", "maxImages: must be at most 1000000"],
      ["decoder: large", "decoder: must be one of texture, filter-bank, baps"],
    ];
    for (const [line, fault] of cases) expect(() => parseStudyFile(`name: a\n${line}\n`)).toThrow(fault);
  });

  it("is refused where its aliases unfold without end", () => {
    const tenfold = (name: string) => `[${new Array(10).fill(`*${name}`).join(", ")}]`;
    const lines = ["a: &a [x, x]", ...[..."bcdefg"].map((name, i) => `${name}: &${name} ${tenfold("abcdef"[i])}`)];
    expect(() => parseStudyFile(lines.join("\n"))).toThrow(StudyFileError);
    expect(() => parseStudyFile("name: &x [*x]\nparticipation: *x\n")).toThrow(StudyFileError);
  });
});

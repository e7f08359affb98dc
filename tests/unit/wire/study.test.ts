import { requiredSites, type StudySpec, studyHash, studySpecSchema } from "@fedbaps/core/wire/study.js";
import { describe, expect, it } from "@jest/globals";

const least = { name: "polyps", participation: { sites: ["a", "b", "c"] } };
const full: StudySpec = {
  name: "polyps",
  title: "Polyps at five hospitals",
  mode: "fedavg",
  decoder: "baps",
  preset: "paper",
  rounds: 7,
  personalShare: 0.25,
  budget: 3000,
  clicks: 5,
  seed: 12,
  clip: 4.5,
  maxImages: 500,
  sealed: false,
  participation: { sites: ["a", "b", "c", "d"], require: 3 },
  silenceSeconds: 60,
};

/** The paths of everything that is wrong, sorted. */
function faults(value: unknown): string[] {
  const parsed = studySpecSchema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map(({ path }) => path.join(".")).sort();
}

describe("a study", () => {
  it("needs a name and its sites; the rest has defaults that pass the schema themselves", () => {
    const study = studySpecSchema.parse(least);
    expect(study.participation.require).toBe("all");
    expect(studySpecSchema.parse(study)).toEqual(study);
  });

  it("is of textures with the preset that trains them, unless it says otherwise", () => {
    const { decoder, preset } = studySpecSchema.parse(least);
    expect([decoder, preset]).toEqual(["texture", "adam"]);
  });

  it("with the paper's preset names a decoder that it can train: textures are refused in plain words", () => {
    const { error } = studySpecSchema.safeParse({ ...full, decoder: "texture" });
    expect(error?.issues.map(({ path, message }) => [path.join("."), message])).toEqual([
      [
        "decoder",
        "the preset paper trains every parameter of a decoder, which texture is not made for; use the decoder baps",
      ],
    ]);
    // The default decoder does not go with it either.
    expect(faults({ ...least, preset: "paper" })).toEqual(["decoder"]);
    expect(faults({ ...full, decoder: "filter-bank" })).toEqual([]);
  });

  it("may set every field", () => {
    expect(studySpecSchema.parse(full)).toEqual(full);
  });

  it("is refused with all faults of its fields at once", () => {
    expect(
      faults({
        name: "Not a name",
        decoder: "convolution",
        rounds: 0,
        personalShare: 0.95,
        budget: 49,
        clicks: 1.5,
        seed: -1,
        clip: 0,
        participation: { sites: ["a", "b", "C"], require: 2 },
        silenceSeconds: "long",
      }),
    ).toEqual(
      [
        "name",
        "decoder",
        "rounds",
        "personalShare",
        "budget",
        "clicks",
        "seed",
        "clip",
        "participation.sites.2",
        "participation.require",
        "silenceSeconds",
      ].sort(),
    );
  });

  it("is refused with all faults between its fields at once", () => {
    expect(faults({ ...full, participation: { sites: ["a", "b", "b"], require: 4 } })).toEqual([
      "participation.require",
      "participation.sites",
    ]);
  });

  it.each([
    ["a field that does not exist", { ...least, epochs: 3 }],
    ["code", { ...least, decoder: "function () {}" }],
    ["two sites: their sum would tell each the other's update", { ...least, participation: { sites: ["a", "b"] } }],
    ["a number that is none", { ...least, clip: Number.NaN }],
    ["an unbounded number", { ...least, clip: Number.POSITIVE_INFINITY }],
    ["a seed beyond exact numbers", { ...least, seed: 2 ** 53 }],
    ["201 sites", { ...least, participation: { sites: Array.from({ length: 201 }, (_, i) => `s${i}`) } }],
    ["nothing", null],
  ])("is refused with %s", (_, value) => {
    expect(studySpecSchema.safeParse(value).success).toBe(false);
  });
});

describe("a study's hash", () => {
  it("does not depend on the order of the fields, nor on whether a default is written out", () => {
    const backwards = Object.fromEntries(Object.entries(full).reverse()) as StudySpec;
    const participation = { require: full.participation.require, sites: full.participation.sites };
    expect(studyHash({ ...backwards, participation })).toBe(studyHash(full));
    expect(studyHash(studySpecSchema.parse({ ...least, rounds: 4 }))).toBe(studyHash(studySpecSchema.parse(least)));
  });

  it("changes with every field", () => {
    const changes: Partial<Record<keyof StudySpec, unknown>> = {
      name: "other",
      title: "Polyps at five hospitals.",
      mode: "lockstep",
      decoder: "filter-bank",
      preset: "adam",
      rounds: 8,
      personalShare: 0.26,
      budget: 3001,
      clicks: 4,
      seed: 13,
      clip: 4.6,
      maxImages: 501,
      sealed: true,
      participation: { sites: ["a", "b", "c", "e"], require: 3 },
      silenceSeconds: 61,
    };
    // A field that is added to the schema must be added here.
    expect(Object.keys(changes).sort()).toEqual(Object.keys(full).sort());
    expect(Object.keys(full).sort()).toEqual(Object.keys(studySpecSchema.shape).sort());
    const hashes = Object.entries(changes).map(([field, value]) => studyHash({ ...full, [field]: value } as StudySpec));
    hashes.push(studyHash({ ...full, participation: { sites: full.participation.sites, require: "all" } }));
    const { title, ...untitled } = full;
    hashes.push(studyHash(untitled), studyHash(full));
    expect(new Set(hashes).size).toBe(Object.keys(changes).length + 3);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});

it("a round needs all sites, or as many as the study says", () => {
  expect(requiredSites(studySpecSchema.parse(least))).toBe(3);
  expect(requiredSites(full)).toBe(3);
  expect(requiredSites({ ...full, participation: { ...full.participation, require: "all" } })).toBe(4);
});

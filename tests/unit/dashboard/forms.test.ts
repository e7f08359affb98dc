import { studySpecSchema } from "@fedbaps/core/wire/study.js";
import { Problem, problemWords } from "@fedbaps/dashboard/api/problem.js";
import type { AuditPage, AuditRecord } from "@fedbaps/dashboard/api/types.js";
import { olderPage } from "@fedbaps/dashboard/logic/audit-pages.js";
import { emptyForm, formOf, nameFrom, problemsAt, specOf } from "@fedbaps/dashboard/logic/study-form.js";
import { describe, expect, test } from "@jest/globals";
import { SITES } from "./studies.js";

describe("the form of a study", () => {
  test("its defaults are the study file's own", () => {
    const filled = { ...emptyForm(SITES), name: "lesions" };
    const minimal = studySpecSchema.parse({ name: "lesions", participation: { sites: SITES } });
    expect(studySpecSchema.parse(specOf(filled))).toEqual(minimal);
  });

  test("a study that was read and is sent again is the same study", () => {
    const spec = studySpecSchema.parse({
      name: "lesions",
      title: "Skin",
      personalShare: 0.35,
      silenceSeconds: 90,
      participation: { sites: [...SITES, "new-clinic"], require: 3 },
    });
    expect(studySpecSchema.parse(specOf(formOf({ ...spec, title: "Skin" })))).toEqual(spec);
  });

  test("what is no number goes as it was typed, for the server to say so at its field", () => {
    const form = {
      ...emptyForm(SITES),
      rounds: "many",
      budget: "",
      silenceMinutes: "soon",
      requireAll: false,
      require: "2",
    };
    const { error } = studySpecSchema.safeParse(specOf(form));
    const faults = error!.issues.map(({ path, message }) => ({ path: path.join("."), message }));
    const { fields, others, advanced } = problemsAt(faults, form);
    expect(Object.keys(fields).sort()).toEqual(["budget", "name", "require", "rounds", "silenceMinutes"]);
    expect(others).toEqual([]);
    expect(advanced).toBe(true);
  });

  test("a fault of one site is shown at the sites, an unknown one is not lost", () => {
    const { fields, others } = problemsAt(
      [
        { path: "participation.sites.1", message: "names a site twice" },
        { path: "moon", message: "is no field" },
      ],
      emptyForm(SITES),
    );
    expect(fields).toEqual({ sites: "Names a site twice" });
    expect(others).toEqual(["moon: is no field"]);
  });

  test.each([
    ["Skin lesions, 2nd try", "skin-lesions-2nd-try"],
    ["  Lésions  ", "lesions"],
    ["???", ""],
    ["x".repeat(60), "x".repeat(40)],
  ])("the title %j gives the name %j", (title, name) => {
    expect(nameFrom(title)).toBe(name);
  });
});

describe("older records of an API that pages from the oldest", () => {
  const record = (seq: number, study: string): AuditRecord => ({
    seq,
    at: seq,
    actor: "coordinator",
    action: "x",
    study,
    site: null,
    details: {},
    previous: "",
    hash: "",
  });
  const all = Array.from({ length: 500 }, (_, i) => record(i + 1, i % 100 === 0 ? "rare" : "often"));
  const served = async (path: string): Promise<AuditPage> => {
    const query = new URLSearchParams(path.split("?")[1]);
    const [after, limit, study] = [Number(query.get("after")), Number(query.get("limit")), query.get("study")];
    const left = all.filter(({ seq, study: own }) => seq > after && (study === null || study === own));
    const records = left.slice(0, limit);
    return { records, next: left.length > limit ? records.at(-1)!.seq : null, head: { seq: 500, hash: "" } };
  };

  test("come newest first, page after page, each once", async () => {
    const first = await olderPage(served, "", 500, 50);
    expect(first.records.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, i) => 500 - i));
    const second = await olderPage(served, "", first.end, 50);
    expect(second.records[0]!.seq).toBe(450);
  });

  test("of a study that is rarely named, all are found", async () => {
    const { records, end } = await olderPage(served, "&study=rare", 500, 50);
    expect(records.map(({ seq }) => seq)).toEqual([401, 301, 201, 101, 1]);
    expect(end).toBe(0);
  });
});

test("what went wrong is one plain sentence", () => {
  expect(problemWords(new Problem(409, "CONFLICT", "study x is paused: it cannot start"))).toBe(
    "Study x is paused: it cannot start.",
  );
  expect(problemWords(new Problem(0, "UNREACHABLE", "x"))).toContain("does not answer");
  expect(problemWords(new Problem(500, "INTERNAL", "x"))).toContain("log says why");
  expect(problemWords(new TypeError("x is not a function"))).not.toContain("function");
});

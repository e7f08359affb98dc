import { basesOf, originOf } from "@fedbaps/site-agent/predict/names.js";
import type { Task } from "@fedbaps/site-agent/predict/task.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../../support/property.js";

const prompt = { points: [{ x: 1, y: 1, label: 1 as const }] };
const task = (image: string, more: Partial<Task> = {}): Task => ({
  image,
  source: { kind: "picture", path: `/in/${image}` },
  prompt,
  ...more,
});
const bases = (...tasks: Task[]) => basesOf(tasks, () => undefined);

describe("basesOf", () => {
  it("keeps folders and stems, and tells apart what differs in the extension or the case alone", () => {
    expect(bases(task("a/scan.png"), task("b/scan.png"), task("b/other.jpg"))).toEqual(["a/scan", "b/scan", "b/other"]);
    expect(bases(task("scan.png"), task("scan.jpg"), task("SCAN.tif"))).toEqual(["scan-png", "scan-jpg", "SCAN-tif"]);
  });

  it("names frames, slices and objects, with what every file system takes", () => {
    const slice: Task["source"] = { kind: "nifti", path: "/in/v.nii.gz", plane: "axial", index: 11 };
    const frame: Task["source"] = { kind: "dicom", path: "/in/d.dcm", frame: 2 };
    expect(
      bases(task("v.nii.gz", { source: slice }), task("d.dcm", { source: frame, object: "left/upper: 1" })),
    ).toEqual(["v-axial-slice-12", "d-frame-3-object-left-upper-1"]);
  });

  it("does not give a base that another picture of an earlier run holds, and gives its own again", () => {
    const one = task("scan.png");
    const other = task("scan.png", { source: { kind: "picture", path: "/elsewhere/scan.png" } });
    expect(basesOf([one], () => originOf(one))).toEqual(["scan"]);
    const [base] = basesOf([other], (name) => (name === "scan" ? originOf(one) : undefined));
    expect(base).toBe("scan-png");
  });

  it("never gives a base twice, whatever the names", () => {
    const name = fc.constantFrom(
      "a",
      "A",
      "a.png",
      "a.jpg",
      "a.PNG",
      "a-png",
      "a-png.png",
      "a-frame-2",
      "b/a.png",
      "b/A.png",
    );
    const frame = fc.integer({ min: 0, max: 2 });
    const object = fc.constantFrom(undefined, "1", "a b", "a-b");
    const any = fc.uniqueArray(fc.tuple(name, frame, object), {
      selector: (given) => JSON.stringify(given),
      maxLength: 30,
    });
    fc.assert(
      fc.property(any, (given) => {
        const tasks = given.map(([image, number, of]) =>
          task(image, {
            source: { kind: "dicom", path: `/in/${image}`, frame: number },
            ...(of === undefined ? {} : { object: of }),
          }),
        );
        const found = bases(...tasks).map((base) => base.toLowerCase());
        expect(new Set(found).size).toBe(given.length);
      }),
      { numRuns: 200 },
    );
  });
});

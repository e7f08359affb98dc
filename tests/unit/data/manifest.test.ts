import { parseManifest } from "@fedbaps/core/data/discovery/manifest.js";
import { describe, expect, it } from "@jest/globals";
import { fc } from "../../support/property.js";

const parse = (text: string) => parseManifest(Buffer.from(text));
const UTF8_MARK = "\ufeff";

describe("a manifest", () => {
  it("has its columns in any order and case, and only image has to be there", () => {
    const { rows, faults } = parse(
      "Split,PATIENT,Mask,image\ntrain,p1,m/a.png,i/a.png\nVAL,,,i/b.png\nTesting,p2,,c.png\n",
    );
    expect(faults).toEqual([]);
    expect(rows).toEqual([
      { line: 2, image: "i/a.png", mask: "m/a.png", patient: "p1", part: "train" },
      { line: 3, image: "i/b.png", part: "val" },
      { line: 4, image: "c.png", patient: "p2", part: "test" },
    ]);
    expect(parse("image\na.png\n").rows).toEqual([{ line: 2, image: "a.png" }]);
  });

  it.each([
    ["semicolons, as spreadsheets in Europe save it", Buffer.from(`${UTF8_MARK}image;patient\r\n"a;1.png";Müller\r\n`)],
    ["tabs", Buffer.from("image\tpatient\na;1.png\tMüller\n")],
    ["quotes", Buffer.from('"image","patient"\n"a;1.png","Müller"\n')],
    ["Windows-1252", Buffer.from("image,patient\na;1.png,Müller\n", "latin1")],
    ["UTF-16", Buffer.from(`${UTF8_MARK}image\tpatient\r\na;1.png\tMüller\r\n`, "utf16le")],
    ["lines filled up with empty cells", Buffer.from("image,patient\na;1.png,Müller,,\n")],
    ["paths that begin in the folder itself", Buffer.from("image,patient\n.\\a;1.png,Müller\n")],
    ["blanks and empty lines", Buffer.from("\n image , patient \n\n a;1.png , Müller \n , \n\n")],
  ])("is read with %s", (_, bytes) => {
    const { rows, faults } = parseManifest(bytes);
    expect(faults).toEqual([]);
    expect(rows.map(({ image, patient }) => [image, patient])).toEqual([["a;1.png", "Müller"]]);
  });

  it("reports every bad line with its number, not only the first", () => {
    const text = [
      "image,mask,patient,split",
      "a.png,a.png,1,train",
      ",b.png,1,train",
      "c.png,c.png,1,holdout",
      "d.png,d.png,1",
      "a.png,e.png,1,val",
      "f.png,f.png,1,test,more",
    ].join("\n");
    const { faults } = parse(text);
    expect(faults.map(({ line }) => line)).toEqual([3, 4, 5, 6, 7]);
    expect(faults[1].message).toContain('"holdout"');
    expect(faults[2].message).toContain("no split");
    expect(faults[3].message).toContain("line 2 again");
    for (const { remedy } of faults) expect(remedy.length).toBeGreaterThan(10);
  });

  it("counts lines of the file where a name has a line break", () => {
    expect(parse('image,split\n"a\nb.png",train\nc.png,nowhere\n').faults.map(({ line }) => line)).toEqual([4]);
  });

  it("is refused without a column image, and where quotes do not close", () => {
    expect(parse("picture,mask\na,b\n").faults).toMatchObject([{ line: 1 }]);
    expect(parse("image,mask,mask\na,b,c\n").faults).toMatchObject([{ line: 1 }]);
    expect(parse('image\n"a.png\n').faults).toHaveLength(1);
    expect(parse("").faults).toHaveLength(1);
  });

  it("tells columns that are not used, as a slip in a name would be dangerous", () => {
    expect(parse("image,pateint\na.png,1\n").unknown).toEqual(["pateint"]);
  });

  it("reads paths of Windows", () => {
    expect(parse("image\nsub\\a.png\n").rows[0].image).toBe("sub/a.png");
  });

  it("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, head) => {
        const all = head ? Buffer.concat([Buffer.from("image,split\n"), bytes]) : bytes;
        const { rows, faults } = parseManifest(all);
        for (const { line } of [...rows, ...faults]) expect(line).toBeGreaterThan(0);
      }),
    );
  });
});

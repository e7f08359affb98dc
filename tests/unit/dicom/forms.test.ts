import { looksLikeDicom, readDicomHeader } from "@fedbaps/core/dicom/header.js";
import { readDicomImage } from "@fedbaps/core/dicom/image.js";
import { describe, expect, it } from "@jest/globals";
import { dataSet, fragments, part10, plainItem, SYNTAX, type TestElements } from "../../support/dicom.js";
import { dicomFile, exactWindow, imageElements } from "../../support/dicom-image.js";
import { greyRows } from "../../support/nifti-file.js";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const elements: TestElements = imageElements(2, 1, {
  ...exactWindow(0, 100),
  // Bytes that look like an item's end, within a sequence: only lengths tell them apart.
  "00081111": ["SQ", [{ "00091001": ["OB", Uint8Array.of(0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0)] }, {}]],
  "7FE00010": ["OW", [0, 50]],
});

async function expectPicture(bytes: Uint8Array) {
  const path = await dicomFile(bytes);
  expect(await looksLikeDicom(path)).toBe(true);
  expect(await readDicomHeader(path)).toEqual({
    instance: "2.25.1",
    sopClass: "1.2.840.10008.5.1.4.1.1.7",
    modality: "OT",
    rows: 1,
    columns: 2,
    frames: 1,
    patientId: "P1",
    study: "2.25.2",
    kind: "image",
  });
  expect(greyRows(await readDicomImage(path, 0))).toEqual([[0, 128]]);
}

describe("files of every form are read", () => {
  const SYNTAXES = ["explicit", "implicit", "big", "deflated"] as const;

  it.each(SYNTAXES)("%s, sequences with lengths and with delimiters", async (name) => {
    await expectPicture(part10(elements, SYNTAX[name]));
    await expectPicture(part10(elements, SYNTAX[name], { open: true }));
  });

  it.each([
    ["explicit little endian", {}],
    ["implicit", { explicit: false }],
    ["explicit big endian", { littleEndian: false }],
    ["with delimiters", { open: true }],
  ])("without preamble and meta information: %s", async (_, form) => {
    await expectPicture(dataSet(elements, form));
  });

  it("with the mark at the beginning, and with a wrong length of the meta information", async () => {
    await expectPicture(part10(elements).subarray(128));
    const wrong = part10(elements);
    wrong.writeUInt32LE(9999, 140);
    await expectPicture(wrong);
  });

  it("that say explicit and are implicit, and the other way round", async () => {
    const start = part10({}).subarray(0);
    await expectPicture(Buffer.concat([start, dataSet(elements, { explicit: false })]));
    await expectPicture(Buffer.concat([part10({}, SYNTAX.implicit), dataSet(elements)]));
  });

  it("with a sequence of unknown kind (UN), whose items are implicit", async () => {
    const item = plainItem("FFFEE000", dataSet({ "00091002": ["LO", "x"] }, { explicit: false }));
    const open = Buffer.concat([
      dataSet({ "00091010": ["UN", new Uint8Array(0)] }).subarray(0, 8),
      Buffer.alloc(4, 0xff),
      item,
      plainItem("FFFEE0DD", new Uint8Array(0)),
    ]);
    const before = Object.fromEntries(Object.entries(elements).filter(([tag]) => tag < "0009")) as TestElements;
    const after = Object.fromEntries(Object.entries(elements).filter(([tag]) => tag > "0009")) as TestElements;
    await expectPicture(Buffer.concat([part10(before), open, dataSet(after)]));
  });

  it("with a small picture of their own, compressed, in the header", async () => {
    // Fragments within an item: its open value has no data elements in it.
    const icon = fragments([Uint8Array.of(0xff, 0xd8, 1, 2)]);
    const sequence = Buffer.concat([
      dataSet({ "00880200": ["SQ", []] }).subarray(0, 8),
      Buffer.alloc(4, 0xff),
      plainItem("FFFEE000", Buffer.concat([icon, plainItem("FFFEE00D", new Uint8Array(0))]), true, true),
      plainItem("FFFEE0DD", new Uint8Array(0)),
    ]);
    const before = Object.fromEntries(Object.entries(elements).filter(([tag]) => tag < "0088")) as TestElements;
    const after = Object.fromEntries(Object.entries(elements).filter(([tag]) => tag > "0088")) as TestElements;
    await expectPicture(Buffer.concat([part10(before), sequence, dataSet(after)]));
  });

  it("with much before the pixels, and with bytes behind them", async () => {
    const large = { ...elements, "00091001": ["OB", new Uint8Array(300_000)] } as const;
    await expectPicture(part10(large));
    await expectPicture(Buffer.concat([part10(elements), Buffer.alloc(100)]));
  });
});

describe("headers", () => {
  const header = async (more: TestElements) =>
    await readDicomHeader(await dicomFile(part10(imageElements(2, 1, { "7FE00010": ["OW", [0, 1]], ...more }))));

  it("tell segmentations, images and others apart", async () => {
    expect((await header({ "00080016": ["UI", "1.2.840.10008.5.1.4.1.1.66.4"] })).kind).toBe("segmentation");
    expect((await header({ "00080016": ["UI", "1.2.840.10008.5.1.4.1.1.66.7"] })).kind).toBe("segmentation");
    expect((await header({ "00080016": ["UI", "1.2.840.10008.5.1.4.1.1.481.2"] })).kind).toBe("other");
    const { "7FE00010": _, ...report } = imageElements(0, 0, { "7FE00010": ["OW", []] });
    expect(await readDicomHeader(await dicomFile(part10(report)))).toMatchObject({ kind: "other", frames: 0, rows: 0 });
  });

  it("have a patient only where the file names one", async () => {
    expect(await header({ "00100020": ["LO", ""] })).not.toHaveProperty("patientId");
    const bytes = new Uint8Array(Buffer.from("Zoë", "utf8"));
    const utf8 = { "00080005": ["CS", "ISO_IR 192"], "00100020": ["LO", bytes] } as const;
    expect((await header(utf8)).patientId).toBe("Zoë");
  });
});

it("other files do not look like DICOM, whatever they are called", async () => {
  const others = [
    Buffer.from("hello"),
    Buffer.alloc(5000),
    Buffer.from([0x89, 0x50, 0x4e, 0x47, ...new Array(200).fill(8)]),
    Buffer.from("\b\0 a text that begins as a data set does, but names no UID of the standard"),
    Buffer.alloc(0),
  ];
  for (const bytes of others) expect(await looksLikeDicom(await dicomFile(bytes))).toBe(false);
});

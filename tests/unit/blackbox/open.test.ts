import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { BUNDLED_MODEL_FILE, openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { absoluteSpec, formatSpec, parseSpec } from "@fedbaps/core/blackbox/spec.js";
import { sha256Hex } from "@fedbaps/core/common/hash.js";
import { describe, expect, it } from "@jest/globals";
import { thrownBy } from "../../support/codes.js";

describe("the bundled model", () => {
  const content = readFileSync(BUNDLED_MODEL_FILE);

  it("is the file whose hash lies beside it, and small enough for the repository", () => {
    const [hash, name] = readFileSync(join(dirname(BUNDLED_MODEL_FILE), "bundled-seg-128.sha256"), "utf8")
      .trim()
      .split(/\s+/);
    expect(name).toBe(basename(BUNDLED_MODEL_FILE));
    expect(sha256Hex(content)).toBe(hash);
    expect(content.length).toBeLessThan(4_000_000);
  });

  it("opens by its name and says what it is", async () => {
    const model = await openBlackBox("bundled");
    expect(model.description).toMatchObject({
      name: "bundled",
      identity: sha256Hex(content),
      nativeSize: { width: 128, height: 128 },
    });
    await model.close();
  });

  it("is the same black box when its file is named", async () => {
    const model = await openBlackBox(`onnx:${BUNDLED_MODEL_FILE}`);
    expect(model.description.identity).toBe(sha256Hex(content));
    expect(model.description.name).toBe(`onnx:${BUNDLED_MODEL_FILE}`);
    await model.close();
  });
});

it.each(["", "Bundled", "model.onnx", "http://localhost", "onnx :x", "__proto__:x"])(
  "refuses %p and says what there is",
  async (spec) => {
    const error = await thrownBy(() => openBlackBox(spec));
    expect(error).toMatchObject({ code: "BLACKBOX_UNKNOWN" });
    expect((error as Error).message).toMatch(/bundled.*onnx:FILE.*sam-onnx:ENCODER,DECODER.*oip:URL/);
  },
);

it.each([
  ["onnx", "onnx:FILE"],
  ["onnx:", "onnx:FILE"],
  ["onnx:a,b", "onnx:FILE"],
  ["bundled:x", "bundled"],
  ["sam-onnx:encoder.onnx", "sam-onnx:ENCODER,DECODER"],
  ["sam-onnx:,decoder.onnx", "sam-onnx:ENCODER,DECODER"],
  ["oip", "oip:URL"],
  ["open-inference:", "oip:URL"],
])("refuses %p, which is incomplete, with its form", async (spec, form) => {
  const error = await thrownBy(() => openBlackBox(spec));
  expect(error).toMatchObject({ code: "BLACKBOX_UNKNOWN" });
  expect((error as Error).message).toContain(form);
});

it.each([
  ["bundled#thread=2", /no setting thread; bundled has threads, provider/],
  ["bundled#threads", /name=value/],
  ["bundled#threads=1&threads=2", /once/],
  ["bundled#threads=0", /threads=0/],
  ["bundled#provider=gpu", /cpu, cuda, dml, coreml/],
  ["sam-onnx:a,b#pixels=0..1000", /pixels=0..1000: use normalised or 0..255/],
  ["oip:http://127.0.0.1:1/v2/models/m#pixels=0..1", /no setting pixels/],
])("refuses %p: a setting that there is not", async (spec, words) => {
  expect(((await thrownBy(() => openBlackBox(spec))) as Error).message).toMatch(words);
});

describe("a spec", () => {
  it("is made absolute: files by their paths, addresses as they are", () => {
    expect(absoluteSpec("bundled")).toBe("bundled");
    expect(absoluteSpec("onnx:a.onnx#threads=2")).toBe(`onnx:${resolve("a.onnx")}#threads=2`);
    expect(absoluteSpec("sam-onnx:e.onnx, /d.onnx")).toBe(`sam-onnx:${resolve("e.onnx")},/d.onnx`);
    const remote = "oip:https://host.example.org:8000/v2/models/m";
    expect(absoluteSpec(`${remote}#token-file=t&batch=4`)).toBe(`${remote}#token-file=${resolve("t")}&batch=4`);
    expect(absoluteSpec("open-inference:http://localhost/v2/models/m")).toBe("oip:http://localhost/v2/models/m");
  });

  it("is the same after it was read and written", () => {
    for (const text of ["bundled#threads=4&provider=cuda", "onnx:/a=b.onnx", "sam-onnx:/a,/b#preset=medsam"])
      expect(formatSpec(parseSpec(text))).toBe(text);
  });
});

it("settings of the runtime change neither name nor identity, and one that is not to be had is told", async () => {
  const model = await openBlackBox("bundled#threads=2&provider=dml");
  expect(model.description.identity).toBe((await openAndClose("bundled")).identity);
  expect(model.description.notes).toEqual([expect.stringMatching(/dml is not to be had here.*using cpu/)]);
  await model.close();
});

async function openAndClose(spec: string) {
  const model = await openBlackBox(spec);
  await model.close();
  return model.description;
}

import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { BUNDLED_MODEL_FILE, openBlackBox } from "@fedbaps/core/blackbox/open.js";
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

it.each(["", "Bundled", "onnx:", "onnx", "model.onnx", "http://localhost"])(
  "refuses %p and says what there is",
  async (spec) => {
    const error = await thrownBy(() => openBlackBox(spec));
    expect(error).toMatchObject({ code: "BLACKBOX_UNKNOWN" });
    expect((error as Error).message).toMatch(/bundled.*onnx:FILE/);
  },
);

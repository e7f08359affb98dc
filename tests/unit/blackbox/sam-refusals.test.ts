import { OnnxGraph } from "@fedbaps/core/blackbox/onnx-session.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { EXPECTED_DECODERS } from "@fedbaps/core/blackbox/sam/decoder.js";
import { afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { samVariant, WRONG_PAIRS } from "../../support/sam-graphs.js";
import { disc } from "../../support/shapes.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

let folder = "";
beforeAll(async () => {
  folder = await temporaryFolder();
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** Graphs that were opened, and those of them that were closed. */
function watched(): { opened: OnnxGraph[]; closed: () => OnnxGraph[] } {
  const opened: OnnxGraph[] = [];
  const open = OnnxGraph.open.bind(OnnxGraph);
  jest.spyOn(OnnxGraph, "open").mockImplementation(async (...given) => {
    const graph = await open(...given);
    opened.push(graph);
    return graph;
  });
  const close = jest.spyOn(OnnxGraph.prototype, "close");
  return { opened, closed: () => close.mock.contexts as OnnxGraph[] };
}

describe("a pair that does not fit is refused with what was found and what was expected, and let go of", () => {
  it.each(WRONG_PAIRS.map((pair) => [pair.name, pair] as const))("%s", async (_, { write, code, mentions }) => {
    const spec = await write(folder);
    const { opened, closed } = watched();
    const error = await thrownBy(() => openBlackBox(spec));
    expect(error).toMatchObject({ code });
    const { message } = error as Error;
    expect(message).not.toContain("\n");
    for (const mention of mentions) expect(message).toContain(mention);
    expect(opened).toHaveLength(code === "BLACKBOX_FILE" ? 1 : 2);
    expect(new Set(closed())).toEqual(new Set(opened));
    if (code !== "BLACKBOX_CONTRACT") return;
    expect(message).toContain(spec);
    for (const expected of EXPECTED_DECODERS) expect(message).toContain(expected);
  });

  it("an encoder that is not there leaves nothing open either", async () => {
    const { opened } = watched();
    const spec = `sam-onnx:${folder}/missing.onnx,${folder}/missing-too.onnx`;
    expect(await thrownBy(() => openBlackBox(spec))).toMatchObject({
      code: "BLACKBOX_FILE",
      message: expect.stringContaining(`${folder}/missing.onnx`),
    });
    expect(opened).toEqual([]);
  });

  it("only what is swapped is called so", async () => {
    for (const { name, write } of WRONG_PAIRS) {
      const { message } = (await thrownBy(async () => openBlackBox(await write(folder)))) as Error;
      expect([name, message.includes("swapped")]).toEqual([name, name === "encoder and decoder swapped"]);
    }
  });
});

describe("settings", () => {
  it.each([
    ["pixels=256", "normalised or 0..255 or 0..1 or minmax"],
    ["fit=crop", "longest-side or stretch"],
    ["preset=other", "sam or medsam"],
    ["masks=best", "low-res or image"],
    ["size=8", "16 to 4096"],
    ["size=100.5", "16 to 4096"],
    ["size=large", "16 to 4096"],
    ["colour=bgr", "preset, pixels, fit, size, masks"],
  ])("%s is refused before a file is opened", async (settings, hint) => {
    const { opened } = watched();
    const spec = `sam-onnx:${folder}/a.onnx,${folder}/b.onnx#${settings}`;
    expect(await thrownBy(() => openBlackBox(spec))).toMatchObject({
      code: "BLACKBOX_UNKNOWN",
      message: expect.stringContaining(hint),
    });
    expect(opened).toEqual([]);
  });
});

describe("a pair that fits", () => {
  it("is closed as one, also twice, and answers no more", async () => {
    const spec = await samVariant("LiteMedSAM").write(folder);
    const { opened, closed } = watched();
    const model = await openBlackBox(spec);
    const image = disc(40, 30, { x: 12, y: 14 }, 6);
    const click = { points: [{ x: 12, y: 14, label: 1 as const }] };
    expect(await model.segment([image], [click])).toHaveLength(1);
    expect(closed()).toEqual([]);
    await model.close();
    await model.close();
    expect(opened).toHaveLength(2);
    expect(new Set(closed())).toEqual(new Set(opened));
    // The picture's embedding is forgotten too.
    expect(await codeOf(() => model.segment([image], [click]))).toBe("BLACKBOX_CLOSED");
  });
});

import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type DecoderProvenance, loadDecoder, saveDecoder } from "@fedbaps/core/decoder/decoder-file.js";
import { decoderLayout } from "@fedbaps/core/decoder/layouts.js";
import { DECODER_KINDS } from "@fedbaps/core/decoder/parameters.js";
import { readSafetensorsMetadata, writeSafetensors } from "@fedbaps/core/decoder/safetensors.js";
import { GUIDE_IDENTITY } from "@fedbaps/core/guide/identity.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { sameBits } from "../../support/numbers.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const provenance: DecoderProvenance = {
  decoder: "filter-bank",
  blackbox: "onnx:models/Bauchhöhle.onnx",
  blackboxIdentity: "ab".repeat(32),
  study: "polyps",
  version: 12,
  seed: 7,
};
const parameters = (kind: DecoderProvenance["decoder"]) => {
  const stream = new RandomStream(1, "decoder-file");
  return Float32Array.from({ length: decoderLayout(kind).length }, () => stream.normal());
};
const newFile = async () => join(await temporaryFolder(), "decoder.safetensors");

describe("a decoder file", () => {
  it.each(DECODER_KINDS)("of %s brings back its parameters and where they come from", async (decoder) => {
    const file = await newFile();
    const theta = parameters(decoder);
    await saveDecoder(file, theta, { ...provenance, decoder });
    const loaded = await loadDecoder(file);
    // The folders of the machine that wrote it are left out.
    expect(loaded.provenance).toEqual({ ...provenance, decoder, blackbox: "onnx:Bauchhöhle.onnx" });
    expect(sameBits(loaded.theta, theta)).toBe(true);
    expect(await readdir(dirname(file))).toEqual(["decoder.safetensors"]);
  });

  it("knows at which size its black box looks at pictures", async () => {
    const file = await newFile();
    const sizing = { geometry: "longest-side", nativeSize: { width: 1024, height: 768 } } as const;
    await saveDecoder(file, parameters("filter-bank"), { ...provenance, sizing });
    expect((await loadDecoder(file)).provenance.sizing).toEqual(sizing);
  });

  it("holds nothing of the machine or the site that wrote it", async () => {
    const file = await newFile();
    await saveDecoder(file, parameters("filter-bank"), provenance);
    expect(readSafetensorsMetadata(new Uint8Array(await readFile(file)))).toEqual({
      format: "fedbaps-decoder/1",
      decoder: "filter-bank",
      blackbox: "onnx:Bauchhöhle.onnx",
      blackboxIdentity: provenance.blackboxIdentity,
      study: "polyps",
      version: "12",
      seed: "7",
    });
  });

  it("is not replaced by parameters that are no decoder", async () => {
    const file = await newFile();
    const theta = parameters("filter-bank");
    await saveDecoder(file, theta, provenance);
    expect(await codeOf(() => saveDecoder(file, theta.fill(Number.NaN), provenance))).toBe("DECODER_PARAMETERS");
    expect(await codeOf(() => saveDecoder(file, new Float32Array(3), provenance))).toBe("DECODER_PARAMETERS");
    expect(sameBits((await loadDecoder(file)).theta, parameters("filter-bank"))).toBe(true);
  });
});

describe("what is not a decoder file", () => {
  const layout = decoderLayout("filter-bank");
  const { sizing: _, ...plain } = provenance;
  const strings = { ...plain, version: "12", seed: "7", format: "fedbaps-decoder/1" };
  const written = (metadata: Record<string, string>, theta = parameters("filter-bank")) =>
    writeSafetensors(theta, layout, metadata);
  const sound = written(strings);
  const notFinite = sound.slice();
  new DataView(notFinite.buffer).setFloat32(notFinite.length - 4, Number.NaN, true);
  const { blackboxIdentity, ...anonymous } = strings;

  it.each<[string, Uint8Array]>([
    ["of another product", written({ format: "pt" })],
    ["of a later format", written({ ...strings, format: "fedbaps-decoder/2" })],
    ["without the black box's identity", written(anonymous)],
    ["of an unknown decoder", written({ ...strings, decoder: "unet" })],
    ["of a version that is no number", written({ ...strings, version: "-1" })],
    ["that says to be of the other kind", written({ ...strings, decoder: "baps" })],
    ["with a parameter that is no number", notFinite],
    ["cut off", sound.subarray(0, sound.length - 100)],
    ["of no bytes", new Uint8Array(0)],
  ])("(%s) is refused with its name", async (_, content) => {
    const file = await newFile();
    await writeFile(file, content);
    expect(await thrownBy(() => loadDecoder(file))).toMatchObject({
      code: "DECODER_FILE",
      message: expect.stringContaining(file),
    });
  });

  it("(of a texture decoder on another guide network, or on none that it names) says what to do", async () => {
    const file = await newFile();
    await saveDecoder(file, parameters("texture"), { ...provenance, decoder: "texture" });
    const { guide, ...others } = readSafetensorsMetadata(new Uint8Array(await readFile(file)));
    expect(guide).toBe(GUIDE_IDENTITY);
    for (const metadata of [others, { ...others, guide: "0".repeat(64) }]) {
      await writeFile(file, writeSafetensors(parameters("texture"), decoderLayout("texture"), metadata));
      expect(await thrownBy(() => loadDecoder(file))).toMatchObject({
        code: "DECODER_FILE",
        message: expect.stringMatching(/another guide network.*use it with the version that made it, or adapt anew$/),
      });
    }
  });

  it("(missing, or a folder) is refused with its name", async () => {
    const file = await newFile();
    for (const wrong of [file, dirname(file)])
      expect(await thrownBy(() => loadDecoder(wrong))).toMatchObject({
        code: "DECODER_FILE",
        message: expect.stringContaining(wrong),
      });
    expect(await thrownBy(() => loadDecoder(file))).toMatchObject({
      message: expect.stringMatching(/: no such file; check the path$/),
    });
  });
});

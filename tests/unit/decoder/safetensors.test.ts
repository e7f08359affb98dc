import { bapsLayout } from "@fedbaps/core/decoder/baps-layout.js";
import { filterBankLayout } from "@fedbaps/core/decoder/filter-bank-layout.js";
import { ParameterLayout } from "@fedbaps/core/decoder/parameters.js";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "@fedbaps/core/decoder/safetensors.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { sameBits } from "../../support/numbers.js";
import { fc } from "../../support/property.js";

const layout = new ParameterLayout([
  ["a.weight", [2, 3]],
  ["b", [1]],
]);
const theta = Float32Array.of(0, -1.5, 3.25, 1e-40, -0, 3e38, 7);
const metadata = { format: "test/1", where: "Zürich, 東京", empty: "" };

type Header = Record<string, unknown>;

/** By the format's public description, with nothing of ours: 8 bytes of length, JSON, bytes. */
function readIndependently(file: Uint8Array): { header: Header; data: Uint8Array } {
  const bytes = Buffer.from(file);
  const length = Number(bytes.readBigUInt64LE(0));
  return { header: JSON.parse(bytes.toString("utf8", 8, 8 + length)), data: bytes.subarray(8 + length) };
}

function withHeader(header: unknown, data: Uint8Array): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

describe("a safetensors file", () => {
  it("comes back as it was written, every bit", () => {
    const file = writeSafetensors(theta, layout, metadata);
    expect(sameBits(readSafetensors(file, layout), theta)).toBe(true);
    expect(readSafetensorsMetadata(file)).toEqual(metadata);
    for (const real of [bapsLayout, filterBankLayout])
      fc.assert(
        fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
          const parameters = new Float32Array(real.length).fill(value);
          parameters[real.length - 1] = 1;
          return sameBits(readSafetensors(writeSafetensors(parameters, real, {}), real), parameters);
        }),
        { numRuns: 5 },
      );
  });

  it("is what the format says, read without our code", () => {
    const { header, data } = readIndependently(writeSafetensors(theta, layout, metadata));
    expect(header).toEqual({
      __metadata__: metadata,
      "a.weight": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
      b: { dtype: "F32", shape: [1], data_offsets: [24, 28] },
    });
    expect(Array.from({ length: 7 }, (_, i) => Buffer.from(data).readFloatLE(4 * i))).toEqual([...theta]);
    expect(data).toHaveLength(28);
  });

  it("begins its tensors at a multiple of eight bytes, whatever the metadata", () => {
    for (let n = 0; n < 9; n++) {
      const file = writeSafetensors(theta, layout, { note: "ü".repeat(n) });
      expect(Number(Buffer.from(file).readBigUInt64LE(0)) % 8).toBe(0);
      expect(sameBits(readSafetensors(file, layout), theta)).toBe(true);
    }
  });

  it("is read from the middle of a larger buffer, at odd places too", () => {
    const file = writeSafetensors(theta, layout, metadata);
    const larger = new Uint8Array(file.length + 6);
    larger.set(file, 3);
    expect(sameBits(readSafetensors(larger.subarray(3, 3 + file.length), layout), theta)).toBe(true);
  });

  it("may list its tensors in another order, as other writers do", () => {
    const data = Buffer.alloc(28);
    for (const [i, value] of [7, ...theta.subarray(0, 6)].entries()) data.writeFloatLE(value, 4 * i);
    const file = withHeader(
      {
        b: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
        "a.weight": { dtype: "F32", shape: [2, 3], data_offsets: [4, 28] },
      },
      data,
    );
    expect(sameBits(readSafetensors(file, layout), theta)).toBe(true);
    expect(readSafetensorsMetadata(file)).toEqual({});
  });

  it("is not written with parameters of another length or that are not finite", async () => {
    expect(await codeOf(() => writeSafetensors(theta.subarray(1), layout, {}))).toBe("DECODER_PARAMETERS");
    const broken = theta.slice();
    broken[2] = Number.POSITIVE_INFINITY;
    expect(await codeOf(() => writeSafetensors(broken, layout, {}))).toBe("DECODER_PARAMETERS");
  });
});

describe("a damaged file", () => {
  const sound = writeSafetensors(theta, layout, metadata);
  const { header, data } = readIndependently(sound);
  const changed = (name: string, change: object | undefined) =>
    withHeader({ ...header, [name]: change && { ...(header[name] as object), ...change } }, data);

  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["seven bytes", sound.subarray(0, 7)],
    ["text", Buffer.from("this is a text file and no decoder at all")],
    ["a header cut off", sound.subarray(0, 40)],
    ["tensors cut off", sound.subarray(0, sound.length - 1)],
    ["no tensors", sound.subarray(0, sound.length - 28)],
    ["bytes behind the tensors", Buffer.concat([sound, Buffer.alloc(4)])],
    ["a header that is no JSON", withHeader("{".repeat(20), data)],
    ["a header that is a list", withHeader([1], data)],
    ["a header of nothing", withHeader("null", data)],
    ["a length beyond the file", Buffer.concat([Buffer.alloc(8, 0xff), data])],
    ["another number type", changed("b", { dtype: "F16" })],
    ["another shape", changed("a.weight", { shape: [3, 2] })],
    ["a tensor missing", changed("b", undefined)],
    ["a tensor more", withHeader({ ...header, c: { dtype: "F32", shape: [0], data_offsets: [28, 28] } }, data)],
    ["another name", withHeader({ ...header, b: undefined, c: header.b }, data)],
    ["offsets beyond the end", changed("b", { data_offsets: [28, 32] })],
    ["offsets of another size", changed("b", { data_offsets: [20, 28] })],
    ["offsets in reverse", changed("b", { data_offsets: [28, 24] })],
    ["negative offsets", changed("b", { data_offsets: [-4, 0] })],
    ["fractional offsets", changed("b", { data_offsets: [23.5, 27.5] })],
    ["texts in place of a tensor", withHeader({ ...header, b: { dtype: "F32", shape: "1" } }, data)],
  ])("(%s) is refused", async (_, file) => {
    expect(await codeOf(() => readSafetensors(file, layout))).toBe("DECODER_FILE");
  });

  it("that was cut off is not called one of another shape", async () => {
    const error = await thrownBy(() => readSafetensors(sound.subarray(0, sound.length - 1), layout));
    expect((error as Error).message).not.toMatch(/shape/);
    const other = await thrownBy(() => readSafetensors(changed("a.weight", { shape: [3, 2] }), layout));
    expect((other as Error).message).toMatch(/a\.weight.*\[3,2\].*\[2,3\]/);
  });

  it("of one flipped bit anywhere in its header is refused or reads the same numbers, and never breaks the reader", async () => {
    const end = sound.length - 28;
    for (let i = 0; i < end; i++) {
      const file = sound.slice();
      file[i] ^= 1 << (i % 8);
      const outcome = await codeOf(() => {
        expect(sameBits(readSafetensors(file, layout), theta)).toBe(true);
      });
      expect(["DECODER_FILE", "nothing thrown"]).toContain(outcome);
    }
  });
});

import { toFloat16 } from "@fedbaps/core/blackbox/float16.js";
import { showTensors } from "@fedbaps/core/blackbox/tensor.js";
import { floatsOf, isElementType, isFloatType, tensorOf } from "@fedbaps/core/blackbox/tensor-data.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";

const values = Float32Array.of(-1, 0, 0.49, 1.51, 254.6, 300);

describe("tensorOf", () => {
  it.each([
    ["float32", Array.from(values)],
    ["float16", Array.from(toFloat16(values))],
    ["uint8", [0, 0, 0, 2, 255, 255]],
    ["int32", [-1, 0, 0, 2, 255, 300]],
    ["int64", [-1n, 0n, 0n, 2n, 255n, 300n]],
  ] as const)("makes a tensor of %s, whole numbers rounded and bytes kept in 0..255", (type, expected) => {
    const tensor = tensorOf(type, [2, 3], values);
    expect(tensor).toMatchObject({ type, shape: [2, 3] });
    expect(Array.from<number | bigint>(tensor.data)).toEqual(expected);
  });

  it("holds the given array itself in single precision, and leaves it alone in others", () => {
    expect(tensorOf("float32", [6], values).data).toBe(values);
    for (const type of ["float16", "uint8", "int32", "int64"] as const)
      expect(tensorOf(type, [6], values).data.buffer).not.toBe(values.buffer);
    expect(values[5]).toBe(300);
  });

  it("makes empty tensors: a prompt without points", () => {
    for (const type of ["float32", "float16", "uint8", "int32", "int64"] as const)
      expect(tensorOf(type, [1, 0, 2], new Float32Array(0)).data).toHaveLength(0);
  });
});

describe("floatsOf", () => {
  it("reads both precisions", () => {
    expect(floatsOf("masks", tensorOf("float32", [6], values))).toBe(values);
    expect(Array.from(floatsOf("masks", tensorOf("float16", [2], Float32Array.of(0.5, -3))))).toEqual([0.5, -3]);
  });

  it.each(["uint8", "int32", "int64"] as const)("refuses %s with the tensor's name", async (type) => {
    const tensor = tensorOf(type, [6], values);
    expect(await codeOf(() => floatsOf("masks", tensor))).toBe("BLACKBOX_CONTRACT");
    expect(await thrownBy(() => floatsOf("masks", tensor))).toMatchObject({
      message: expect.stringMatching(new RegExp(`masks.*${type}`)),
    });
  });
});

describe("types and descriptions", () => {
  it("tells types that can be given from others, and floats among them", () => {
    for (const type of ["float32", "float16", "uint8", "int32", "int64"]) expect(isElementType(type)).toBe(true);
    for (const type of ["bool", "string", "float64", "", "toString"]) expect(isElementType(type)).toBe(false);
    expect(["float32", "float16", "uint8", "int64"].map(isFloatType)).toEqual([true, true, false, false]);
  });

  it("shows tensors as a person reads them", () => {
    expect(showTensors([])).toBe("none");
    const image = { name: "image", type: "float32", shape: [undefined, 3, 64, 64] };
    expect(showTensors([image, { name: "n", type: "int64", shape: [] }])).toBe("image float32 [?,3,64,64], n int64 []");
  });
});

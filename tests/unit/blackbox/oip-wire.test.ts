import { fromFloat16 } from "@fedbaps/core/blackbox/float16.js";
import { BlackBoxError } from "@fedbaps/core/blackbox/model.js";
import { decodeAnswer, encodeRequest, HEADER_LENGTH, type WantedOutput } from "@fedbaps/core/blackbox/oip/wire.js";
import type { ElementType, Tensor, TensorData, Tensors } from "@fedbaps/core/blackbox/tensor.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { readRequest, type ServedTensor, writeAnswer } from "../../support/inference-wire.js";
import { sameBits } from "../../support/numbers.js";
import { fc } from "../../support/property.js";

const DATATYPES = { float32: "FP32", float16: "FP16", uint8: "UINT8", int32: "INT32", int64: "INT64" } as const;
const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
};

/** Any bits at all of the type; for JSON what JSON can carry. */
function dataOf(type: ElementType, elements: number, json: boolean): fc.Arbitrary<TensorData> {
  const options = { minLength: elements, maxLength: elements };
  if (type === "float32" && json)
    return fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), options).map((all) => Float32Array.from(all));
  if (type === "int64" && json)
    return fc.array(fc.maxSafeInteger(), options).map((all) => BigInt64Array.from(all, BigInt));
  const size = elements * ARRAYS[type].BYTES_PER_ELEMENT;
  return fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => new ARRAYS[type](bytes.slice().buffer));
}

function tensorArbitrary(json: boolean): fc.Arbitrary<Tensor> {
  const types = (Object.keys(DATATYPES) as ElementType[]).filter((type) => !json || type !== "float16");
  const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
  return fc.tuple(fc.constantFrom(...types), shape).chain(([type, sizes]) =>
    dataOf(
      type,
      sizes.reduce((product, size) => product * size, 1),
      json,
    ).map((data) => ({ type, shape: sizes, data })),
  );
}

const tensorsArbitrary = (json: boolean): fc.Arbitrary<Tensors> =>
  fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), tensorArbitrary(json), { minKeys: 1, maxKeys: 4 });

function serve({ type, shape, data }: Tensor): ServedTensor {
  return { datatype: DATATYPES[type], shape, data };
}

function answerOf(tensors: Tensors, binary: readonly string[]): { body: Buffer; headerLength: string | undefined } {
  const served = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, serve(tensor)]));
  const { body, headers } = writeAnswer("seg", served, binary);
  return { body, headerLength: headers[HEADER_LENGTH] };
}

const wantedOf = (tensors: Tensors): WantedOutput[] =>
  Object.entries(tensors).map(([name, { type }]) => ({ name, type }));

function expectSame(found: Tensors, expected: Tensors): void {
  expect(new Set(Object.keys(found))).toEqual(new Set(Object.keys(expected)));
  for (const [name, tensor] of Object.entries(expected)) {
    expect([found[name].type, found[name].shape]).toEqual([tensor.type, tensor.shape]);
    expect(found[name].data).toBeInstanceOf(ARRAYS[tensor.type]);
    expect(sameBits(found[name].data, tensor.data)).toBe(true);
  }
}

describe("a request", () => {
  it.each(["json", "binary"] as const)("as %s is read by a server bit for bit", (encoding) => {
    fc.assert(
      fc.property(tensorsArbitrary(encoding === "json"), fc.array(fc.string({ maxLength: 8 })), (tensors, outputs) => {
        const { headers, body } = encodeRequest(tensors, outputs, encoding);
        const served = readRequest(Buffer.from(body), headers[HEADER_LENGTH]);
        expect([...served.inputs.keys()]).toEqual(Object.keys(tensors));
        for (const [name, tensor] of Object.entries(tensors)) {
          const { datatype, shape, data } = served.inputs.get(name) as ServedTensor;
          expect([datatype, shape]).toEqual([DATATYPES[tensor.type], tensor.shape]);
          expect(sameBits(data, tensor.data)).toBe(true);
        }
        expect(served.outputs).toEqual(outputs.map((name) => ({ name, binary: encoding === "binary" })));
      }),
    );
  });

  const feeds: Tensors = { x: { type: "float32", shape: [1, 2], data: Float32Array.of(0.1, -0) } };

  it("has the bytes that the protocol shows", () => {
    const json = encodeRequest(feeds, ["y"], "json");
    expect(json.headers).toEqual({ "content-type": "application/json" });
    expect(Buffer.from(json.body).toString()).toBe(
      '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[0.10000000149011612,-0]}],"outputs":[{"name":"y"}]}',
    );
    const binary = encodeRequest(feeds, ["y"], "binary");
    const header =
      '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],' +
      '"outputs":[{"name":"y","parameters":{"binary_data":true}}]}';
    expect(binary.headers).toEqual({
      "content-type": "application/octet-stream",
      "inference-header-content-length": String(header.length),
    });
    expect(Buffer.from(binary.body).subarray(0, header.length).toString()).toBe(header);
    expect(Buffer.from(binary.body).subarray(header.length).toString("hex")).toBe("cdcccc3d00000080");
  });

  it("takes a part of a larger buffer as it is", () => {
    const whole = Float32Array.of(1, 2, 3, 4);
    const { headers, body } = encodeRequest({ x: { ...feeds.x, data: whole.subarray(1, 3) } }, [], "binary");
    expect([...readRequest(Buffer.from(body), headers[HEADER_LENGTH]).inputs.values()][0].data).toEqual(
      Float32Array.of(2, 3),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("with %d cannot be JSON", async (value) => {
    const bad: Tensors = { image: { type: "float32", shape: [2], data: Float32Array.of(1, value) } };
    const error = await thrownBy(() => encodeRequest(bad, [], "json"));
    expect(error).toMatchObject({ code: "BLACKBOX_INPUT", message: expect.stringContaining("image") });
    expect(await codeOf(() => encodeRequest(bad, [], "binary"))).toBe("nothing thrown");
  });

  it("with float16 cannot be JSON", async () => {
    const half: Tensors = { image: { type: "float16", shape: [1], data: Uint16Array.of(0x3c00) } };
    const error = await thrownBy(() => encodeRequest(half, [], "json"));
    expect(error).toMatchObject({ code: "BLACKBOX_CONTRACT", message: expect.stringContaining("encoding=binary") });
  });
});

describe("an answer", () => {
  it("is read bit for bit, each output as binary or JSON, whatever was asked for", () => {
    fc.assert(
      fc.property(tensorsArbitrary(true), fc.infiniteStream(fc.boolean()), (tensors, coins) => {
        const binary = Object.keys(tensors).filter(() => coins.next().value);
        const { body, headerLength } = answerOf(tensors, binary);
        expectSame(decodeAnswer(body, headerLength, wantedOf(tensors), "x"), tensors);
      }),
    );
    fc.assert(
      fc.property(tensorsArbitrary(false), fc.integer({ min: 0, max: 7 }), (tensors, shift) => {
        const { body, headerLength } = answerOf(tensors, Object.keys(tensors));
        // Somewhere in a larger buffer, aligned or not.
        const shifted = Buffer.concat([Buffer.alloc(shift), body]).subarray(shift);
        expectSame(decodeAnswer(shifted, headerLength, wantedOf(tensors), "x"), tensors);
      }),
    );
  });

  it("in pieces or with other bytes never ends in anything but a typed error", () => {
    const cut = fc.record({ kind: fc.constant("cut"), at: fc.nat() });
    const set = fc.record({ kind: fc.constant("set"), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    const more = fc.record({ kind: fc.constant("more"), bytes: fc.uint8Array({ maxLength: 9 }) });
    const headers = fc.oneof(fc.constant(undefined), fc.string(), fc.integer().map(String), fc.bigInt().map(String));
    fc.assert(
      fc.property(
        tensorsArbitrary(true),
        fc.boolean(),
        fc.array(fc.oneof(cut, set, more), { maxLength: 4 }),
        fc.option(headers, { nil: "as it was" }),
        (tensors, binary, changes, header) => {
          const right = answerOf(tensors, binary ? Object.keys(tensors) : []);
          let body = Buffer.from(right.body);
          for (const change of changes) {
            if ("byte" in change) body[change.at % Math.max(1, body.length)] = change.byte;
            else if ("bytes" in change) body = Buffer.concat([body, change.bytes]);
            else body = body.subarray(0, change.at % (body.length + 1));
          }
          const headerLength = header === "as it was" ? right.headerLength : header;
          try {
            const found = decodeAnswer(body, headerLength, wantedOf(tensors), "x");
            for (const { shape, data } of Object.values(found))
              expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
          } catch (error) {
            if (!(error instanceof BlackBoxError)) throw error;
            expect(error.code).toBe("BLACKBOX_CONTRACT");
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  const wanted: WantedOutput[] = [{ name: "y", type: "float32" }];
  const read = (json: unknown, bytes: readonly number[] = [], headerLength?: string) => {
    const head = Buffer.from(typeof json === "string" ? json : JSON.stringify(json));
    const length = headerLength ?? (bytes.length > 0 ? String(head.length) : undefined);
    return decodeAnswer(Buffer.concat([head, Buffer.from(bytes)]), length, wanted, "https://h/infer");
  };
  const y = { name: "y", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] as unknown };

  it.each([
    ["flat", y],
    [
      "nested",
      {
        ...y,
        data: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    ["nested in ones", { ...y, shape: [1, 2, 1, 2], data: [[[[1, 2]], [[3, 4]]]] }],
    ["with nulls for what is left out", { ...y, parameters: null }],
    ["with other parameters", { ...y, parameters: { content_type: "np", binary_data_size: null } }],
  ])("may be %s", (_, output) => {
    const answer = { model_name: "seg", model_version: null, id: "1", parameters: null, outputs: [output] };
    expect(read(answer).y.data).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  it("may hold more than was asked for", () => {
    const iou = { name: "iou", datatype: "FP32", shape: [1], parameters: { binary_data_size: 4 } };
    const text = { name: "text", datatype: "BYTES", shape: [1], data: ["hello"] };
    const binary = { name: "y", datatype: "FP32", shape: [1], parameters: { binary_data_size: 4 } };
    const found = read({ outputs: [iou, text, binary] }, [9, 9, 9, 9, 0, 0, 128, 63]);
    expect(found).toEqual({ y: { type: "float32", shape: [1], data: Float32Array.of(1) } });
  });

  it("may give an output whose type was not announced, if it is one of ours", async () => {
    const open = [{ name: "y", type: undefined }];
    const answer = (datatype: string) => Buffer.from(JSON.stringify({ outputs: [{ ...y, datatype }] }));
    expect(decodeAnswer(answer("INT32"), undefined, open, "x").y.type).toBe("int32");
    expect(await codeOf(() => decodeAnswer(answer("FP64"), undefined, open, "x"))).toBe("BLACKBOX_CONTRACT");
  });

  const binary = (size: unknown, shape: unknown = [2]) => ({
    outputs: [{ name: "y", datatype: "FP32", shape, parameters: { binary_data_size: size } }],
  });
  const eight = [0, 0, 0, 0, 0, 0, 0, 0];

  // What it is, its JSON, the bytes that follow, the header.
  const broken: readonly [string, unknown, (readonly number[])?, string?][] = [
    ["nothing", ""],
    ["no JSON", "<html>Bad gateway</html>"],
    ["JSON that is cut off", '{"outputs":[{"na'],
    ["NaN in its JSON", '{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[NaN]}]}'],
    ["a list", []],
    ["null", "null"],
    ["no outputs", { model_name: "seg" }],
    ["other outputs", { outputs: [{ ...y, name: "z" }] }],
    ["the output twice", { outputs: [y, y] }],
    ["another type", { outputs: [{ ...y, datatype: "INT64" }] }],
    ["a type of nobody", { outputs: [{ ...y, datatype: "__proto__" }] }],
    ["no shape", { outputs: [{ ...y, shape: undefined }] }],
    ["a negative size", { outputs: [{ ...y, shape: [-2, -2] }] }],
    ["half a size", { outputs: [{ ...y, shape: [0.5, 8] }] }],
    ["a huge size", { outputs: [{ ...y, shape: [1e15] }] }],
    ["sizes with a huge product", { outputs: [{ ...y, shape: [65536, 65536, 65536, 65536] }] }],
    ["fewer values", { outputs: [{ ...y, data: [1, 2, 3] }] }],
    ["more values", { outputs: [{ ...y, data: [1, 2, 3, 4, 5] }] }],
    ["uneven nesting", { outputs: [{ ...y, data: [[1, 2, 3], [4]] }] }],
    [
      "nesting of another shape",
      {
        outputs: [
          {
            ...y,
            shape: [4, 1],
            data: [
              [1, 2],
              [3, 4],
            ],
          },
        ],
      },
    ],
    [
      "nesting that is too deep",
      {
        outputs: [
          {
            ...y,
            data: [
              [[1], [2]],
              [[3], [4]],
            ],
          },
        ],
      },
    ],
    ["no data", { outputs: [{ ...y, data: undefined }] }],
    ["text for data", { outputs: [{ ...y, data: "AAAA" }] }],
    ["text among the data", { outputs: [{ ...y, data: [1, 2, 3, "4"] }] }],
    ["null among the data", { outputs: [{ ...y, data: [1, 2, 3, null] }] }],
    ["a list among the data", { outputs: [{ ...y, data: [1, 2, 3, [4]] }] }],
    ["a number beyond float32", { outputs: [{ ...y, data: [1, 2, 3, 1e39] }] }],
    ["fewer bytes than said", binary(16, [4]), eight],
    ["more bytes than said", binary(4, [1]), eight],
    ["bytes that do not fit the shape", binary(8, [3]), eight],
    ["half an element", binary(6, [2]), [0, 0, 0, 0, 0, 0]],
    ["a negative number of bytes", binary(-8), eight],
    ["a huge number of bytes", binary(Number.MAX_SAFE_INTEGER), eight],
    ["text for the number of bytes", binary("8"), eight],
    ["bytes that never came", binary(8)],
    ["bytes without the header", `${JSON.stringify(binary(8))}\0\0\0\0\0\0\0\0`],
    ["a header beyond the body", binary(8), eight, "100000"],
    ["a header that cuts the JSON", binary(8), eight, "10"],
    ["a negative header", binary(8), eight, "-1"],
    ["a header that is no number", binary(8), eight, "0x20"],
    ["two headers", binary(8), eight, "112,112"],
    ["binary float16 where FP32 is due", { outputs: [{ ...y, datatype: "FP16" }] }],
  ];

  it.each(broken.map(([what, ...parts]) => [what, parts] as const))("with %s is refused", async (_, parts) => {
    const [json, bytes, headerLength] = parts;
    const error = await thrownBy(() => read(json, bytes, headerLength));
    expect(error).toMatchObject({ code: "BLACKBOX_CONTRACT", message: expect.stringContaining("https://h/infer") });
    expect((error as Error).message).toMatch(/^[\x20-\x7e]{1,400}$/);
  });

  it.each([
    ["UINT8", "uint8", [0, 255], [256, -1, 1.5, true, null]],
    ["INT32", "int32", [-(2 ** 31), 2 ** 31 - 1], [2 ** 31, 1.5, "1"]],
    ["INT64", "int64", [-(2 ** 53) + 1, 2 ** 53 - 1], [2 ** 53, 1.5]],
  ] as const)("of %s in JSON holds whole numbers of that range", async (datatype, type, good, bad) => {
    const decode = (data: readonly unknown[]) =>
      decodeAnswer(
        Buffer.from(JSON.stringify({ outputs: [{ name: "y", datatype, shape: [data.length], data }] })),
        undefined,
        [{ name: "y", type }],
        "x",
      );
    expect(Array.from<number | bigint, number>(decode(good).y.data, Number)).toEqual([...good]);
    for (const value of bad) expect(await codeOf(() => decode([value]))).toBe("BLACKBOX_CONTRACT");
  });

  it("of float16 as binary keeps its bits", () => {
    const half: Tensors = { y: { type: "float16", shape: [3], data: Uint16Array.of(0x3c00, 0xc000, 0x7e00) } };
    const { body, headerLength } = answerOf(half, ["y"]);
    const { data } = decodeAnswer(body, headerLength, wantedOf(half), "x").y;
    expect(fromFloat16(data as Uint16Array)).toEqual(Float32Array.of(1, -2, Number.NaN));
  });
});

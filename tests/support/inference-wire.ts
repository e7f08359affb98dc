// The server's side of the Open Inference Protocol's tensors, written from the protocol's text and sharing nothing with
// the client's side: where both agree, both are likely right.

export interface ServedTensor {
  /** FP32, FP16 (bit patterns), UINT8, INT32 or INT64. */
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint16Array | Uint8Array | Int32Array | BigInt64Array;
}

export interface ServedRequest {
  readonly inputs: ReadonlyMap<string, ServedTensor>;
  /** Outputs that are asked for, and whether as binary; none: all of them. */
  readonly outputs: readonly { readonly name: string; readonly binary: boolean }[];
}

export interface ServedAnswer {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

const ARRAYS = {
  FP32: Float32Array,
  FP16: Uint16Array,
  UINT8: Uint8Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
} as const;

function arrayOf(datatype: string) {
  if (!Object.hasOwn(ARRAYS, datatype)) throw new Error(`datatype ${datatype} is not served`);
  return ARRAYS[datatype as keyof typeof ARRAYS];
}

/** Reads a request. @throws Error for one that does not follow the protocol. */
export function readRequest(body: Buffer, headerLength: string | undefined): ServedRequest {
  const length = headerLength === undefined ? body.length : Number(headerLength);
  const json = JSON.parse(body.subarray(0, length).toString());
  const inputs = new Map<string, ServedTensor>();
  let at = length;
  for (const { name, datatype, shape, data, parameters } of json.inputs) {
    const elements = shape.reduce((product: number, size: number) => product * size, 1);
    const Elements = arrayOf(datatype);
    const size = parameters?.binary_data_size;
    if (size !== undefined) {
      if (size !== elements * Elements.BYTES_PER_ELEMENT) throw new Error(`${name} has ${size} bytes`);
      const bytes = new Uint8Array(size);
      bytes.set(body.subarray(at, at + size));
      inputs.set(name, { datatype, shape, data: new Elements(bytes.buffer) });
      at += size;
    } else {
      const values: number[] = data.flat(Number.POSITIVE_INFINITY);
      if (values.length !== elements) throw new Error(`${name} has ${values.length} values`);
      const typed =
        Elements === BigInt64Array ? BigInt64Array.from(values, BigInt) : new (Elements as typeof Float32Array)(values);
      inputs.set(name, { datatype, shape, data: typed });
    }
  }
  if (at !== body.length) throw new Error(`${body.length - at} bytes are left over`);
  const outputs = (json.outputs ?? []).map((output: { name: string; parameters?: { binary_data?: boolean } }) => ({
    name: output.name,
    binary: output.parameters?.binary_data === true,
  }));
  return { inputs, outputs };
}

/** Writes an answer. @param binary names of the outputs that go as bytes. */
export function writeAnswer(
  model: string,
  outputs: Readonly<Record<string, ServedTensor>>,
  binary: readonly string[],
): ServedAnswer {
  const blocks: Buffer[] = [];
  const described = Object.entries(outputs).map(([name, { datatype, shape, data }]) => {
    if (!binary.includes(name))
      return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape}],"data":[${numbers(data)}]}`;
    blocks.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return JSON.stringify({ name, datatype, shape, parameters: { binary_data_size: data.byteLength } });
  });
  const json = Buffer.from(
    `{"model_name":${JSON.stringify(model)},"model_version":"1","outputs":[${described.join(",")}]}`,
  );
  if (blocks.length === 0) return { headers: { "content-type": "application/json" }, body: json };
  return {
    headers: {
      "content-type": "application/octet-stream",
      "inference-header-content-length": String(json.length),
    },
    body: Buffer.concat([json, ...blocks]),
  };
}

function numbers(data: ServedTensor["data"]): string {
  return Array.from<number | bigint, string>(data, (value) => (Object.is(value, -0) ? "-0" : String(value))).join(",");
}

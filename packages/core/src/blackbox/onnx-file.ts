import type { GraphMessage, TensorMessage } from "./onnx-schema.js";

/** A tensor of more bytes holds weights. */
const SMALL_BYTES = 64;

/**
 * The graph's description without its weights, and with small constants copied: what a reader leaves are views of the
 * whole file, which would stay in memory with them.
 */
export function withoutWeights({ node = [], initializer = [] }: GraphMessage): GraphMessage {
  return {
    initializer: initializer.map(slim),
    node: node.map(({ input, output, op_type, attribute = [] }) => ({
      input: [...(input ?? [])],
      output: [...(output ?? [])],
      op_type: op_type ?? "",
      attribute: attribute.map(({ name, f, t, floats }) => ({
        name,
        ...(f === undefined ? {} : { f }),
        ...(t ? { t: slim(t) } : {}),
        ...(floats && floats.length <= SMALL_BYTES ? { floats: [...floats] } : {}),
      })),
    })),
  };
}

function slim({ name, dims, data_type, float_data = [], int32_data = [], raw_data }: TensorMessage): TensorMessage {
  const small = <T>(list: readonly T[]) => (list.length <= SMALL_BYTES ? [...list] : []);
  return {
    ...(name === undefined ? {} : { name }),
    ...(dims === undefined ? {} : { dims: dims.map(Number) }),
    ...(data_type === undefined ? {} : { data_type }),
    float_data: small(float_data),
    int32_data: small(int32_data),
    ...(raw_data && raw_data.length <= SMALL_BYTES ? { raw_data: Uint8Array.from(raw_data) } : {}),
  };
}

/** The files beside an ONNX file that hold its weights (`external_data`), by the names it gives them; sorted. */
export function externalFiles(graph: GraphMessage): string[] {
  const found = new Set<string>();
  const look = (tensor: TensorMessage | null | undefined) => {
    for (const { key, value } of tensor?.external_data ?? []) if (key === "location") found.add(value);
  };
  const walk = ({ initializer = [], node = [] }: GraphMessage) => {
    for (const tensor of initializer) look(tensor);
    for (const { attribute = [] } of node)
      for (const { t, g } of attribute) {
        look(t);
        if (g) walk(g);
      }
  };
  walk(graph);
  return [...found].sort();
}

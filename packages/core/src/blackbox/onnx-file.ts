import type { GraphMessage, TensorMessage } from "./onnx-schema.js";

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

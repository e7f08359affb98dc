import { type Agreement, agrees, ExportedGraph, type ExportedGraphInit, TOLERANCE } from "./agreement.js";
import { ExportError } from "./errors.js";
import { specimens } from "./specimens.js";

export interface CheckOptions {
  readonly signal?: AbortSignal;
  /** After every specimen; SPECIMENS in all. */
  onSpecimen?(done: number): void;
}

/**
 * Compares a graph with the pipeline on drawn pictures of several sizes.
 * @returns how far they are apart on each.
 * @throws ExportError EXPORT_DIFFERS where they are further apart than TOLERANCE
 */
export async function checkGraph(init: ExportedGraphInit, options: CheckOptions = {}): Promise<Agreement[]> {
  const graph = await ExportedGraph.open(init);
  const found: Agreement[] = [];
  try {
    for (const specimen of specimens()) {
      options.signal?.throwIfAborted();
      const agreement = await graph.compare(specimen);
      if (!agrees(agreement)) throw differs(agreement);
      found.push(agreement);
      options.onSpecimen?.(found.length);
    }
  } finally {
    await graph.close();
  }
  return found;
}

function differs({ width, height, promptedImage, blackboxImage, visualPrompt, click }: Agreement): ExportError {
  const grey = Math.max(promptedImage, blackboxImage, visualPrompt);
  return new ExportError(
    "EXPORT_DIFFERS",
    `the ONNX graph is not what this program draws: on a picture of ${width} x ${height} pixels it is ` +
      `${grey.toPrecision(2)} grey levels off (allowed ${(255 * TOLERANCE).toPrecision(2)}), the click ` +
      `${click.toPrecision(2)} pixels; nothing was written. Use the .safetensors file, and report this`,
  );
}

/** The largest differences of several specimens, in grey levels. */
export function worstOf(agreements: readonly Agreement[]): number {
  return Math.max(0, ...agreements.map((a) => Math.max(a.promptedImage, a.blackboxImage, a.visualPrompt)));
}

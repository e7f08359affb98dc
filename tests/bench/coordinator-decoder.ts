import { bapsLayout } from "@fedbaps/core/decoder/baps-layout.js";
import { updateLength } from "@fedbaps/core/federation/update.js";

/** Elements of the masked vector in this benchmark. */
export const ELEMENTS = 100_000;

/**
 * No decoder is as long as the vectors that are to be measured: in the process that calls this, `baps` is. Coordinator and
 * sites know a decoder by its number of parameters only.
 */
export function lengthenBaps(): void {
  Object.defineProperty(bapsLayout, "length", { value: ELEMENTS - updateLength(0) });
}

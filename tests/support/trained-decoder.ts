import type { DecoderProvenance } from "@fedbaps/core/decoder/decoder-file.js";
import type { IpDecoder } from "@fedbaps/core/decoder/ip-decoder.js";
import { openDecoder } from "@fedbaps/core/decoder/open.js";
import type { DecoderKind } from "@fedbaps/core/decoder/parameters.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";

/** As training leaves parameters: every one moved, so that every part of the decoder counts in what is drawn. */
export async function trainedDecoder(
  kind: DecoderKind,
  seed = 1,
): Promise<{ decoder: IpDecoder; theta: Float32Array; provenance: DecoderProvenance }> {
  const decoder = await openDecoder(kind);
  const stream = new RandomStream(seed, "trained-decoder", kind);
  const reach = kind === "baps" ? 0.1 : 0.3;
  const theta = decoder.initial(1).map((value) => value + reach * stream.normal());
  // As after some steps, or nearly: at the start nothing is painted.
  if (kind === "texture") decoder.layout.view(theta, "amount").set([0.95, 0.85]);
  return {
    decoder,
    theta,
    provenance: {
      decoder: kind,
      blackbox: "bundled",
      blackboxIdentity: "ab".repeat(32),
      study: "polyps",
      version: 12,
      seed: 7,
    },
  };
}

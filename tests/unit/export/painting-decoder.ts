import { textureLayout } from "@fedbaps/core/decoder/texture-layout.js";
import { trainedDecoder } from "../../support/trained-decoder.js";

/** A trained decoder that surely draws: one of textures paints nothing where its amounts were drawn below nought. */
export async function paintingDecoder(...of: Parameters<typeof trainedDecoder>): ReturnType<typeof trainedDecoder> {
  const trained = await trainedDecoder(...of);
  if (trained.decoder.kind === "texture") textureLayout.view(trained.theta, "amount").set([0.9, 0.8]);
  return trained;
}

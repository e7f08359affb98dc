import { readFile } from "node:fs/promises";
import { z } from "zod";
import { writeFileAtomic } from "../common/atomic-file.js";
import { messageOf } from "../common/errors.js";
import { decoderLayout } from "./layouts.js";
import { DecoderError, type DecoderKind } from "./parameters.js";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "./safetensors.js";

const FORMAT = "fedbaps-decoder/1";

const metadataSchema = z.object({
  format: z.literal(FORMAT),
  decoder: z.enum(["filter-bank", "baps"]),
  blackbox: z.string(),
  blackboxIdentity: z.string(),
  study: z.string(),
  version: z.string().regex(/^\d+$/),
  seed: z.string().regex(/^\d+$/),
});

/** Everything needed to use a decoder again, besides its parameters. */
export interface DecoderProvenance {
  readonly decoder: DecoderKind;
  /** How the black box was named, and the hash of what it is. */
  readonly blackbox: string;
  readonly blackboxIdentity: string;
  /** The study's name, or `local`. */
  readonly study: string;
  /** Completed rounds that went into it. */
  readonly version: number;
  /** Seed of the split: with it, the test images are those that the decoder has never seen. */
  readonly seed: number;
}

/** Writes a decoder as `.safetensors`: whole or not at all. */
export async function saveDecoder(file: string, theta: Float32Array, provenance: DecoderProvenance): Promise<void> {
  const { decoder, version, seed, ...rest } = provenance;
  // The file may be handed on: its black box is named without the folders of this machine.
  const blackbox = rest.blackbox.replace(/^(.*?:).*[\\/]/, "$1");
  const metadata = { format: FORMAT, decoder, version: String(version), seed: String(seed), ...rest, blackbox };
  await writeFileAtomic(file, writeSafetensors(theta, decoderLayout(decoder), metadata));
}

/** @throws DecoderError DECODER_FILE when the file is missing or is not one of ours. */
export async function loadDecoder(file: string): Promise<{ theta: Float32Array; provenance: DecoderProvenance }> {
  try {
    const bytes = new Uint8Array(await readFile(file));
    const metadata = metadataSchema.safeParse(readSafetensorsMetadata(bytes));
    if (!metadata.success)
      throw new DecoderError("DECODER_FILE", `not a decoder of this product (its metadata lacks the format ${FORMAT})`);
    const { format, version, seed, ...rest } = metadata.data;
    return {
      theta: readSafetensors(bytes, decoderLayout(rest.decoder)),
      provenance: { ...rest, version: Number(version), seed: Number(seed) },
    };
  } catch (error) {
    throw new DecoderError(
      "DECODER_FILE",
      `cannot use the decoder ${file}: ${messageOf(error)}`,
      { file },
      { cause: error },
    );
  }
}

import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { ModelDescription } from "../blackbox/model.js";
import { writeFileAtomic } from "../common/atomic-file.js";
import { messageOf } from "../common/errors.js";
import { GUIDE_IDENTITY } from "../guide/identity.js";
import { decoderLayout } from "./layouts.js";
import { DECODER_KINDS, DecoderError, type DecoderKind } from "./parameters.js";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "./safetensors.js";

const FORMAT = "fedbaps-decoder/1";

const whole = z.string().regex(/^\d+$/);
const metadataSchema = z.object({
  format: z.literal(FORMAT),
  decoder: z.enum(DECODER_KINDS),
  blackbox: z.string(),
  blackboxIdentity: z.string(),
  study: z.string(),
  version: whole,
  seed: whole,
  /** Of `texture`: the network on whose features its head was trained. */
  guide: z.string().optional(),
  // A file of an earlier version does not have these.
  geometry: z.enum(["stretch", "longest-side"]).optional(),
  nativeWidth: z
    .string()
    .regex(/^[1-9]\d*$/)
    .optional(),
  nativeHeight: z
    .string()
    .regex(/^[1-9]\d*$/)
    .optional(),
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
  /** At which size the black box looks at pictures; absent in a file of an earlier version. */
  readonly sizing?: Pick<ModelDescription, "nativeSize" | "geometry">;
}

/** Writes a decoder as `.safetensors`: whole or not at all. */
export async function saveDecoder(file: string, theta: Float32Array, provenance: DecoderProvenance): Promise<void> {
  await writeFileAtomic(file, encodeDecoder(theta, provenance));
}

/** The bytes of a decoder's file. @throws DecoderError DECODER_PARAMETERS */
export function encodeDecoder(theta: Float32Array, provenance: DecoderProvenance): Uint8Array {
  const { decoder, version, seed, sizing, ...rest } = provenance;
  const blackbox = withoutFolders(rest.blackbox);
  const sizes = sizing && {
    geometry: sizing.geometry,
    nativeWidth: String(sizing.nativeSize.width),
    nativeHeight: String(sizing.nativeSize.height),
  };
  const metadata = {
    format: FORMAT,
    decoder,
    version: String(version),
    seed: String(seed),
    ...rest,
    blackbox,
    ...(decoder === "texture" ? { guide: GUIDE_IDENTITY } : {}),
    ...sizes,
  };
  return writeSafetensors(theta, decoderLayout(decoder), metadata);
}

/** How a black box is named in a file that may be handed on: without the folders and hosts of this machine. */
export function withoutFolders(blackbox: string): string {
  return blackbox.replace(/^(.*?:).*[\\/]/, "$1");
}

/** @throws DecoderError DECODER_FILE when the file is missing or is not one of ours. */
export async function loadDecoder(file: string): Promise<{ theta: Float32Array; provenance: DecoderProvenance }> {
  try {
    const bytes = new Uint8Array(await readFile(file));
    const metadata = metadataSchema.safeParse(readSafetensorsMetadata(bytes));
    if (!metadata.success)
      throw new DecoderError("DECODER_FILE", `not a decoder of this product (its metadata lacks the format ${FORMAT})`);
    const { format, version, seed, guide, geometry, nativeWidth: width, nativeHeight: height, ...rest } = metadata.data;
    if (rest.decoder === "texture" && guide !== GUIDE_IDENTITY)
      throw new DecoderError(
        "DECODER_FILE",
        "it was trained with another guide network than this version of the product has; use it with the version that made it, or adapt anew",
      );
    const nativeSize = { width: Number(width), height: Number(height) };
    return {
      theta: readSafetensors(bytes, decoderLayout(rest.decoder)),
      provenance: {
        ...rest,
        version: Number(version),
        seed: Number(seed),
        ...(geometry && width && height ? { sizing: { geometry, nativeSize } } : {}),
      },
    };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new DecoderError(
      "DECODER_FILE",
      `cannot use the decoder ${file}: ${missing ? "no such file; check the path" : messageOf(error)}`,
      { file },
      { cause: error },
    );
  }
}

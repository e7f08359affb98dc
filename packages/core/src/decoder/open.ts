import { sharedGuide } from "../guide/guide.js";
import { BapsDecoder } from "./baps.js";
import { FilterBankDecoder } from "./filter-bank.js";
import type { IpDecoder } from "./ip-decoder.js";
import type { DecoderKind } from "./parameters.js";
import { startTensorBackend, type TensorBackend } from "./tensor-backend.js";
import { TextureDecoder } from "./texture.js";

/** A decoder of the named kind, with what it and its training compute with running. @throws DecoderError DECODER_BACKEND */
export async function openDecoder(kind: DecoderKind, backend: TensorBackend | "auto" = "auto"): Promise<IpDecoder> {
  await startTensorBackend(backend);
  if (kind === "texture") return new TextureDecoder(await sharedGuide());
  return kind === "baps" ? new BapsDecoder() : new FilterBankDecoder();
}

import { z } from "zod";
import type { TensorDescription } from "../tensor.js";
import { elementTypeOf } from "./datatypes.js";

// What servers say of themselves. Fields that the protocol calls optional come as null from some of them.

const tensorSchema = z.object({
  name: z.string().min(1).max(256),
  datatype: z.string().min(1).max(32),
  /** -1 is a size that is free. */
  shape: z.array(z.int().min(-1)).max(16),
});
const tensorsSchema = z
  .array(tensorSchema)
  .max(256)
  .nullish()
  .transform((tensors) => tensors ?? []);

/** A model's metadata (section "Model Metadata Response JSON Object"). */
export const modelMetadataSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()).nullish(),
  platform: z.string().nullish(),
  inputs: tensorsSchema,
  outputs: tensorsSchema,
});
export type ModelMetadata = z.output<typeof modelMetadataSchema>;

/** A server's metadata (section "Server Metadata Response JSON Object"). */
export const serverMetadataSchema = z.object({ extensions: z.array(z.string()).nullish() });

/** Of a model's configuration (Triton's "Model Configuration Extension") what bears on batches; 0: the server makes none. */
export const modelConfigSchema = z.object({ max_batch_size: z.int().min(0).nullish() });

/** An answer on readiness; most servers say all by the status. */
export const readySchema = z.object({ ready: z.boolean().nullish() });

/** Tensors in our words: element types by our names, those that are not ours in lower case. */
export function describeTensors(tensors: ModelMetadata["inputs"]): TensorDescription[] {
  return tensors.map(({ name, datatype, shape }) => ({
    name,
    type: elementTypeOf(datatype) ?? datatype.toLowerCase(),
    shape: shape.map((size) => (size < 0 ? undefined : size)),
  }));
}

import {
  identityProofSchema,
  renewedSchema,
  renewRequestSchema,
  sealedEnrolmentSchema,
} from "@fedbaps/core/wire/enrolment.js";
import { enrolRequestSchema } from "@fedbaps/core/wire/messages.js";
import { nameSchema, publicKeySchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { answer, body } from "./registry.js";
import { siteStatusSchema } from "./site.js";

export const identityQuery = z.strictObject({
  nonce: publicKeySchema.describe("32 random bytes in base64: the signature is over them too"),
});
export const identitySchema = answer("CoordinatorIdentity", identityProofSchema);

/** Sealed by the site agent; in clear from whoever trusts the connection. */
export const enrolmentBodySchema = body("Enrolment", z.union([sealedEnrolmentSchema, enrolRequestSchema]));
export const enrolledSchema = answer(
  "Enrolled",
  z.object({ site: nameSchema, status: siteStatusSchema, coordinator: publicKeySchema, fingerprint: z.string() }),
);

export const renewalSchema = body("Renewal", renewRequestSchema);
export const renewedAnswerSchema = answer("Renewed", renewedSchema);

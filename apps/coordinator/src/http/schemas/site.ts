import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { MAX_INVITE_HOURS } from "../../config.js";
import { amountSchema, nextSchema, timeSchema } from "./common.js";
import { answer, body } from "./registry.js";

export const siteStatusSchema = z.enum(["invited", "pending", "approved", "revoked"]);

export const siteSchema = answer(
  "Site",
  z.object({
    site: nameSchema,
    status: siteStatusSchema,
    fingerprint: z.string().nullable(),
    words: z.string().nullable().describe("both keys of the site, for the telephone"),
    keysSince: timeSchema.nullable().describe("since when its keys are in use"),
    connected: z.boolean(),
    lastMessage: timeSchema.nullable().describe("when a message of the site was last accepted"),
    createdAt: timeSchema,
    inviteExpiresAt: timeSchema.nullable().describe("of an invite that is open"),
    bytesUp: amountSchema.describe("from the site"),
    bytesDown: amountSchema.describe("to the site"),
  }),
);
export const sitesSchema = answer("Sites", z.object({ sites: z.array(siteSchema), next: nextSchema }));

export const newInviteSchema = body(
  "NewInvite",
  z.strictObject({ site: nameSchema, expiresInHours: z.number().int().min(1).max(MAX_INVITE_HOURS).optional() }),
);
export const inviteSchema = answer(
  "Invite",
  z.object({
    site: nameSchema,
    invite: z.string().describe("the code and the coordinator's fingerprint in one, for the site"),
    code: z.string(),
    expiresAt: timeSchema,
    fingerprint: z.string(),
  }),
);
export const approvalSchema = body(
  "SiteApproval",
  z.strictObject({
    fingerprint: z.string().min(1).max(200).optional().describe("must be the site's, where given"),
    words: z.string().min(1).max(200).optional().describe("must be the site's, where given"),
  }),
);

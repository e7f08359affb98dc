import { fromBase64, toBase64 } from "@fedbaps/core/common/bytes.js";
import { fingerprint, type Identity } from "@fedbaps/core/secagg/keys.js";
import { nameSchema, publicKeySchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { readJson, writeJson } from "./json-file.js";

const secret = (bytes: number) =>
  z.base64().refine((text) => fromBase64(text).length === bytes, `must be ${bytes} bytes`);

const identitySchema = z.strictObject({
  format: z.literal("fedbaps-identity/1"),
  site: nameSchema,
  sign: z.strictObject({ publicKey: publicKeySchema, secretKey: secret(64) }),
  box: z.strictObject({ publicKey: publicKeySchema, secretKey: secret(32) }),
});

/** Writes a new identity, readable by its owner only. */
export function saveIdentity(home: Home, { site, sign, box }: Identity): Promise<void> {
  const pair = ({ publicKey, secretKey }: Identity["sign"]) => ({
    publicKey: toBase64(publicKey),
    secretKey: toBase64(secretKey),
  });
  const stored: z.infer<typeof identitySchema> = {
    format: "fedbaps-identity/1",
    site,
    sign: pair(sign),
    box: pair(box),
  };
  return writeJson(home.identity, stored, 0o600);
}

/** @throws AgentError HOME_MISSING, HOME_DAMAGED */
export async function loadIdentity(home: Home): Promise<Identity> {
  await home.requireInitialised();
  const stored = await readJson(home.identity, identitySchema);
  if (!stored) throw new AgentError("HOME_MISSING", `${home.identity} is gone; restore it from a backup`);
  const pair = ({ publicKey, secretKey }: { publicKey: string; secretKey: string }) => ({
    publicKey: fromBase64(publicKey),
    secretKey: fromBase64(secretKey),
  });
  return { site: stored.site, sign: pair(stored.sign), box: pair(stored.box) };
}

/** What two people compare to know that they speak of the same site: of its signing key. */
export function siteFingerprint(identity: Identity): string {
  return fingerprint(toBase64(identity.sign.publicKey));
}

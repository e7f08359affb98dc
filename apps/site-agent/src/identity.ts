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
  /** When these keys were made; homes from before it was kept do not say. */
  since: z.iso.datetime().optional(),
  sign: z.strictObject({ publicKey: publicKeySchema, secretKey: secret(64) }),
  box: z.strictObject({ publicKey: publicKeySchema, secretKey: secret(32) }),
});

/**
 * Writes a new identity, readable by its owner only.
 * @param since when it was made, ISO 8601. @param file another place than the home's identity
 */
export function saveIdentity(
  home: Home,
  { site, sign, box }: Identity,
  since?: string,
  file = home.identity,
): Promise<void> {
  const pair = ({ publicKey, secretKey }: Identity["sign"]) => ({
    publicKey: toBase64(publicKey),
    secretKey: toBase64(secretKey),
  });
  const stored: z.infer<typeof identitySchema> = {
    format: "fedbaps-identity/1",
    site,
    ...(since === undefined ? {} : { since }),
    sign: pair(sign),
    box: pair(box),
  };
  return writeJson(file, stored, 0o600);
}

/** @throws AgentError HOME_MISSING, HOME_DAMAGED */
export async function loadIdentity(home: Home): Promise<Identity> {
  return (await loadDated(home)).identity;
}

/** The keys, and when they were made as ISO 8601. @throws AgentError HOME_MISSING, HOME_DAMAGED */
export async function loadDated(home: Home): Promise<{ identity: Identity; since: string | undefined }> {
  await home.requireInitialised();
  const found = await readIdentity(home.identity);
  if (!found) throw new AgentError("HOME_MISSING", `${home.identity} is gone; restore it from a backup`);
  return found;
}

/** The identity in a file, if there is one. @throws AgentError HOME_DAMAGED */
export async function readIdentity(
  file: string,
): Promise<{ identity: Identity; since: string | undefined } | undefined> {
  const stored = await readJson(file, identitySchema);
  if (!stored) return undefined;
  const pair = ({ publicKey, secretKey }: { publicKey: string; secretKey: string }) => ({
    publicKey: fromBase64(publicKey),
    secretKey: fromBase64(secretKey),
  });
  return {
    identity: { site: stored.site, sign: pair(stored.sign), box: pair(stored.box) },
    since: stored.since,
  };
}

/** What two people compare to know that they speak of the same site: of its signing key. */
export function siteFingerprint(identity: Identity): string {
  return fingerprint(toBase64(identity.sign.publicKey));
}

import { concatBytes, equalBytes, fromBase64, toBase64 } from "@fedbaps/core/common/bytes.js";
import { fingerprint, type Identity, memberOf, publicKeyOf } from "@fedbaps/core/secagg/keys.js";
import { nameSchema, publicKeySchema } from "@fedbaps/core/wire/primitives.js";
import type { Member } from "@fedbaps/core/wire/secagg-messages.js";
import { z } from "zod";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { readJson, writeJson } from "./json-file.js";
import { PASSPHRASE_WAYS } from "./passphrase.js";
import { openKeys, type SealedKeys, sealedKeysSchema, sealKeys } from "./sealed-keys.js";

const SIGN_BYTES = 64;
const BOX_BYTES = 32;

const secret = (bytes: number) =>
  z.base64().refine((text) => fromBase64(text).length === bytes, `must be ${bytes} bytes`);

/** When these keys were made; homes from before it was kept do not say. */
const since = z.iso.datetime().optional();

const plainSchema = z.strictObject({
  format: z.literal("fedbaps-identity/1"),
  site: nameSchema,
  since,
  sign: z.strictObject({ publicKey: publicKeySchema, secretKey: secret(SIGN_BYTES) }),
  box: z.strictObject({ publicKey: publicKeySchema, secretKey: secret(BOX_BYTES) }),
});

const sealedSchema = z.strictObject({
  format: z.literal("fedbaps-identity/2"),
  site: nameSchema,
  since,
  sign: z.strictObject({ publicKey: publicKeySchema }),
  box: z.strictObject({ publicKey: publicKeySchema }),
  /** The two secret keys, one after the other. */
  sealed: sealedKeysSchema,
});

const identitySchema = z.discriminatedUnion("format", [plainSchema, sealedSchema]);
type Stored = z.infer<typeof identitySchema>;

/** What anybody may know of a site's keys, without its passphrase. */
export interface PublicIdentity {
  readonly member: Member;
  /** When they were made, ISO 8601. */
  readonly since: string | undefined;
  /** Whether the secret keys are under a passphrase. */
  readonly sealed: boolean;
}

/** The keys, when they were made, and the passphrase they are under. */
export interface OpenedIdentity {
  readonly identity: Identity;
  readonly since: string | undefined;
  readonly passphrase: string | undefined;
}

export interface SaveOptions {
  /** When it was made, ISO 8601. */
  readonly since?: string | undefined;
  /** The secret keys are encrypted under it. */
  readonly passphrase?: string | undefined;
  /** Another place than the home's identity. */
  readonly file?: string;
}

/** Writes an identity, readable by its owner only. */
export async function saveIdentity(home: Home, identity: Identity, options: SaveOptions = {}): Promise<void> {
  const { passphrase, file = home.identity } = options;
  const { site, sign, box } = identity;
  const dated = options.since === undefined ? { site } : { site, since: options.since };
  const publicOf = ({ publicKey }: Identity["sign"]) => ({ publicKey: toBase64(publicKey) });
  const pairOf = (pair: Identity["sign"]) => ({ ...publicOf(pair), secretKey: toBase64(pair.secretKey) });
  const stored: Stored =
    passphrase === undefined
      ? { format: "fedbaps-identity/1", ...dated, sign: pairOf(sign), box: pairOf(box) }
      : {
          format: "fedbaps-identity/2",
          ...dated,
          sign: publicOf(sign),
          box: publicOf(box),
          sealed: await sealKeys(concatBytes(sign.secretKey, box.secretKey), passphrase),
        };
  await writeJson(file, stored, 0o600);
}

/** @throws AgentError HOME_MISSING, HOME_DAMAGED, PASSPHRASE_NEEDED, PASSPHRASE_WRONG */
export async function loadIdentity(home: Home): Promise<Identity> {
  return (await loadDated(home)).identity;
}

/** @throws AgentError HOME_MISSING, HOME_DAMAGED, PASSPHRASE_NEEDED, PASSPHRASE_WRONG */
export async function loadDated(home: Home): Promise<OpenedIdentity> {
  await home.requireInitialised();
  return (await readIdentity(home, home.identity)) ?? gone(home);
}

/** The public half of the site's keys: needs no passphrase. @throws AgentError HOME_MISSING, HOME_DAMAGED */
export async function loadPublic(home: Home): Promise<PublicIdentity> {
  await home.requireInitialised();
  const stored = (await readJson(home.identity, identitySchema)) ?? gone(home);
  const member = { site: stored.site, signKey: stored.sign.publicKey, boxKey: stored.box.publicKey };
  return { member, since: stored.since, sealed: "sealed" in stored };
}

/** Whether new keys were begun, and are not confirmed yet. */
export async function renewalBegun(home: Home): Promise<boolean> {
  return (await readJson(home.nextIdentity, identitySchema)) !== undefined;
}

/** The identity in a file, if there is one. @throws AgentError HOME_DAMAGED, PASSPHRASE_NEEDED, PASSPHRASE_WRONG */
export async function readIdentity(home: Home, file: string): Promise<OpenedIdentity | undefined> {
  const stored = await readJson(file, identitySchema);
  if (!stored) return undefined;
  const sign = fromBase64(stored.sign.publicKey);
  const box = fromBase64(stored.box.publicKey);
  const { secrets, passphrase } = "sealed" in stored ? await unseal(home, file, stored.sealed) : plain(stored);
  const [signSecret, boxSecret] = [secrets.slice(0, SIGN_BYTES), secrets.slice(SIGN_BYTES)];
  // The public halves are not under the passphrase's protection.
  if (!equalBytes(signSecret.slice(SIGN_BYTES / 2), sign) || !equalBytes(publicKeyOf(boxSecret), box))
    throw new AgentError(
      "HOME_DAMAGED",
      `${file} is damaged: its keys do not belong together; restore it from a backup`,
    );
  const identity: Identity = {
    site: stored.site,
    sign: { publicKey: sign, secretKey: signSecret },
    box: { publicKey: box, secretKey: boxSecret },
  };
  return { identity, since: stored.since, passphrase };
}

function plain({ sign, box }: z.infer<typeof plainSchema>): { secrets: Uint8Array; passphrase: undefined } {
  return { secrets: concatBytes(fromBase64(sign.secretKey), fromBase64(box.secretKey)), passphrase: undefined };
}

async function unseal(
  home: Home,
  file: string,
  sealed: SealedKeys,
): Promise<{ secrets: Uint8Array; passphrase: string }> {
  const passphrase = await home.passphrase();
  if (!passphrase)
    throw new AgentError("PASSPHRASE_NEEDED", `${file} is under a passphrase; give it by ${PASSPHRASE_WAYS}`);
  const secrets = await openKeys(sealed, passphrase);
  if (secrets?.length !== SIGN_BYTES + BOX_BYTES)
    throw new AgentError(
      "PASSPHRASE_WRONG",
      `the passphrase does not open ${file}; nothing was changed. Try again, or restore the file from a backup`,
    );
  return { secrets, passphrase };
}

function gone(home: Home): never {
  throw new AgentError("HOME_MISSING", `${home.identity} is gone; restore it from a backup`);
}

/** What two people compare to know that they speak of the same site: of its signing key. */
export function siteFingerprint(site: Identity | Pick<Member, "signKey">): string {
  return fingerprint("signKey" in site ? site.signKey : memberOf(site).signKey);
}

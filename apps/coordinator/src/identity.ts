import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBase64, toBase64 } from "@fedbaps/core/common/bytes.js";
import { createIdentity, type Identity, memberOf, type RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { memberSchema } from "@fedbaps/core/wire/secagg-messages.js";
import { z } from "zod";
import { CoordinatorError } from "./errors.js";
import { reasonOf } from "./home.js";
import type { Database } from "./store/schema.js";

const secretBytes = (length: number) =>
  z.base64().refine((text) => fromBase64(text).length === length, `must be ${length} bytes in base64`);
const identitySchema = z.strictObject({
  version: z.literal(1),
  signKey: memberSchema.shape.signKey,
  signSecret: secretBytes(64),
  boxKey: memberSchema.shape.boxKey,
  boxSecret: secretBytes(32),
});

/**
 * The coordinator's own keys, made at the first start. Kept in `home`; without a home made anew.
 * @throws CoordinatorError HOME_UNUSABLE
 */
export function loadIdentity(home: string | undefined, random: RandomBytes): Identity {
  if (home === undefined) return createIdentity("coordinator", random);
  const known = readIdentity(home);
  if (known !== undefined) return known;
  const identity = createIdentity("coordinator", random);
  writeFileSync(fileOf(home), textOf(identity), { mode: 0o600, flag: "wx" });
  return identity;
}

/**
 * The same where several processes are one coordinator: the keys are kept in their database, and whichever starts first
 * makes them. Keys that the home has already, from the time before the database, are taken over.
 * @throws CoordinatorError HOME_UNUSABLE, IDENTITY_CONFLICT when home and database have different ones
 */
export async function sharedIdentity(db: Database, home: string | undefined, random: RandomBytes): Promise<Identity> {
  const own = home === undefined ? undefined : readIdentity(home);
  await db
    .insertInto("coordinator_identity")
    .values({ id: 1, identity: textOf(own ?? createIdentity("coordinator", random)) })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
  const row = await db.selectFrom("coordinator_identity").select("identity").executeTakeFirstOrThrow();
  const identity = parseIdentity(row.identity, "the identity in the database");
  if (own !== undefined && memberOf(own).signKey !== memberOf(identity).signKey)
    throw new CoordinatorError(
      "IDENTITY_CONFLICT",
      `${fileOf(home!)} and the database at DATABASE_URL belong to different coordinators; choose another --home, or the database that belongs to it`,
    );
  return identity;
}

function fileOf(home: string): string {
  return join(home, "identity.json");
}

function readIdentity(home: string): Identity | undefined {
  const file = fileOf(home);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CoordinatorError("HOME_UNUSABLE", `cannot read ${file}: ${reasonOf(error)}`);
  }
  return parseIdentity(text, file);
}

function parseIdentity(text: string, where: string): Identity {
  try {
    const keys = identitySchema.parse(JSON.parse(text));
    return {
      site: "coordinator",
      sign: { publicKey: fromBase64(keys.signKey), secretKey: fromBase64(keys.signSecret) },
      box: { publicKey: fromBase64(keys.boxKey), secretKey: fromBase64(keys.boxSecret) },
    };
  } catch {
    throw new CoordinatorError("HOME_UNUSABLE", `${where} is damaged; restore it from a backup, sites know this key`);
  }
}

function textOf(identity: Identity): string {
  const { signKey, boxKey } = memberOf(identity);
  const [signSecret, boxSecret] = [toBase64(identity.sign.secretKey), toBase64(identity.box.secretKey)];
  return JSON.stringify({ version: 1, signKey, signSecret, boxKey, boxSecret });
}

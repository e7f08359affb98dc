import { writeFileSync } from "node:fs";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { sql } from "kysely";
import { adminTokenFile } from "./config.js";
import { CoordinatorError } from "./errors.js";
import { reasonOf } from "./home.js";
import type { Database } from "./store/schema.js";
import { TokenRepository } from "./store/token-repository.js";

/** Any number: the name of the lock under which the first token is made. */
const FIRST_TOKEN_LOCK = 7_120_001;

/**
 * Draws an admin token and writes its file.
 * @throws CoordinatorError HOME_UNUSABLE
 */
export function drawToken(home: string | undefined, random: RandomBytes): string {
  const token = Buffer.from(random(32)).toString("base64url");
  if (home === undefined) return token;
  try {
    writeFileSync(adminTokenFile(home), `${token}\n`, { mode: 0o600 });
  } catch (error) {
    throw new CoordinatorError("HOME_UNUSABLE", `cannot write ${adminTokenFile(home)}: ${reasonOf(error)}`);
  }
  return token;
}

/**
 * Lets in the first admin, of one coordinator that may have several processes.
 * @param drawn the token that was drawn before the database was made, if it is new.
 * @returns the token; undefined where there has been one before.
 */
export async function firstToken(
  db: Database,
  {
    home,
    random,
    now,
    drawn,
  }: { home: string | undefined; random: RandomBytes; now: number; drawn: string | undefined },
): Promise<string | undefined> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${FIRST_TOKEN_LOCK})`.execute(transaction);
    const tokens = new TokenRepository(transaction);
    if (await tokens.any()) return undefined;
    const token = drawn ?? drawToken(home, random);
    await tokens.add(token, "admin", now);
    return token;
  });
}

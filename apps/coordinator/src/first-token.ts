import { writeFileSync } from "node:fs";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { sql } from "kysely";
import type { AuditLog } from "./audit/audit-log.js";
import { adminTokenFile } from "./config.js";
import { CoordinatorError } from "./errors.js";
import { reasonOf } from "./home.js";
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
export function firstToken(audit: Pick<AuditLog, "within">, { home, random, now, drawn }: FirstTokenInit) {
  return audit.within<string | undefined>(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${FIRST_TOKEN_LOCK})`.execute(transaction);
    const tokens = new TokenRepository(transaction);
    if (await tokens.any()) return { result: undefined, entry: undefined };
    const token = drawn ?? drawToken(home, random);
    const { id } = await tokens.add(token, "admin", now);
    const details = { token: id, role: "admin", expiresAt: null };
    return { result: token, entry: { actor: "coordinator", action: "token.created", details } };
  });
}

interface FirstTokenInit {
  readonly home: string | undefined;
  readonly random: RandomBytes;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly drawn: string | undefined;
}

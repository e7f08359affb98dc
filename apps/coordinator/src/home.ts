import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fromBase64, toBase64 } from "@fedbaps/core/common/bytes.js";
import { createIdentity, type Identity, memberOf, type RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { memberSchema } from "@fedbaps/core/wire/secagg-messages.js";
import { z } from "zod";
import { CoordinatorError } from "./errors.js";

/** Makes the folder, readable by its owner only. @throws CoordinatorError HOME_UNUSABLE */
export async function prepareHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CoordinatorError("HOME_UNUSABLE", `cannot use ${home} as --home: ${reasonOf(error)}`);
  }
}

/**
 * Takes the home for this process; two coordinators on one database would spoil it. A lock whose process is gone is
 * taken over. Returns the release.
 * @throws CoordinatorError HOME_IN_USE, HOME_UNUSABLE
 */
export function lockHome(home: string, startedAt = performance.timeOrigin): () => void {
  const file = join(home, "coordinator.lock");
  const mine = JSON.stringify({ pid: process.pid, at: Date.now() });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(file, mine, { flag: "wx", mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST")
        throw new CoordinatorError("HOME_UNUSABLE", `cannot write in --home ${home}: ${reasonOf(error)}`);
    }
    const holder = readLock(file);
    if (holder !== undefined && isAlive(holder.pid, holder.at, startedAt))
      throw new CoordinatorError(
        "HOME_IN_USE",
        `another coordinator (process ${holder.pid}) uses ${home}; stop it, or choose another --home`,
      );
    rmSync(file, { force: true });
  }
  throw new CoordinatorError("HOME_IN_USE", `another coordinator is starting on ${home}; try again`);
}

const lockSchema = z.object({ pid: z.number().int().positive(), at: z.number() });

function readLock(file: string): z.infer<typeof lockSchema> | undefined {
  try {
    return lockSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

function isAlive(pid: number, at: number, startedAt: number): boolean {
  // In a container every start may have the same process number: a lock older than this process is not its own.
  if (pid === process.pid) return at >= startedAt;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

const secretBytes = (length: number) =>
  z.base64().refine((text) => fromBase64(text).length === length, `must be ${length} bytes in base64`);
const identitySchema = z.strictObject({
  version: z.literal(1),
  signKey: memberSchema.shape.signKey,
  signSecret: secretBytes(64),
  boxKey: memberSchema.shape.boxKey,
  boxSecret: secretBytes(32),
});

/** The coordinator's own keys: made at the first start, kept in `home`; for a coordinator without a home made anew. */
export function loadIdentity(home: string | undefined, random: RandomBytes): Identity {
  if (home === undefined) return createIdentity("coordinator", random);
  const file = join(home, "identity.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT")
      throw new CoordinatorError("HOME_UNUSABLE", `cannot read ${file}: ${reasonOf(error)}`);
    const identity = createIdentity("coordinator", random);
    const { signKey, boxKey } = memberOf(identity);
    const [signSecret, boxSecret] = [toBase64(identity.sign.secretKey), toBase64(identity.box.secretKey)];
    writeFileSync(file, JSON.stringify({ version: 1, signKey, signSecret, boxKey, boxSecret }), {
      mode: 0o600,
      flag: "wx",
    });
    return identity;
  }
  try {
    const keys = identitySchema.parse(JSON.parse(text));
    return {
      site: "coordinator",
      sign: { publicKey: fromBase64(keys.signKey), secretKey: fromBase64(keys.signSecret) },
      box: { publicKey: fromBase64(keys.boxKey), secretKey: fromBase64(keys.boxSecret) },
    };
  } catch {
    throw new CoordinatorError("HOME_UNUSABLE", `${file} is damaged; restore it from a backup, sites know this key`);
  }
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown reason";
}

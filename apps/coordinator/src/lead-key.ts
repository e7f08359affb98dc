import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fromBase64, toBase64 } from "@fedbaps/core/common/bytes.js";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { createIdentity, type KeyPair, type RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { publicKeySchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";

const keySchema = z.strictObject({
  format: z.literal("fedbaps-lead-key/1"),
  publicKey: publicKeySchema,
  secretKey: z.base64().refine((text) => fromBase64(text).length === 64, "must be 64 bytes"),
});

/**
 * The study lead's Ed25519 key, made at its first use. It belongs on the lead's own machine: a coordinator that held it
 * could name the sites by itself.
 * @returns the key, and whether it is new. @throws UsageError for a file that cannot be read or made.
 */
export function leadKey(file: string, random: RandomBytes): { key: KeyPair; made: boolean } {
  try {
    if (existsSync(file)) {
      const { publicKey, secretKey } = keySchema.parse(JSON.parse(readFileSync(file, "utf8")));
      return { key: { publicKey: fromBase64(publicKey), secretKey: fromBase64(secretKey) }, made: false };
    }
    const key = createIdentity("lead", random).sign;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const stored: z.infer<typeof keySchema> = {
      format: "fedbaps-lead-key/1",
      publicKey: toBase64(key.publicKey),
      secretKey: toBase64(key.secretKey),
    };
    writeFileSync(file, `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    chmodSync(file, 0o600);
    return { key, made: true };
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError)
      throw new UsageError(`${file} holds no lead key; name another with --lead-key, or restore it from a backup`);
    throw new UsageError(`cannot use the lead key ${file}: ${messageOf(error)}`);
  }
}

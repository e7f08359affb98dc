import { type BinaryLike, randomFillSync, type ScryptOptions, scrypt } from "node:crypto";
import { promisify } from "node:util";
import { fromBase64, toBase64 } from "@fedbaps/core/common/bytes.js";
import { open, seal } from "@fedbaps/core/secagg/keys.js";
import { z } from "zod";

const derive = promisify<BinaryLike, BinaryLike, number, ScryptOptions, Buffer>(scrypt);

/** 128 MiB and a few tenths of a second for each guess. */
const COST = { cost: 2 ** 17, blockSize: 8, parallelization: 1 } as const;
const SALT_BYTES = 32;
const KEY_BYTES = 32;

/** Bytes under a passphrase. */
export const sealedKeysSchema = z.strictObject({
  kdf: z.literal("scrypt"),
  // A file that somebody has altered must not take the machine's memory.
  cost: z
    .number()
    .int()
    .min(2)
    .max(2 ** 20),
  blockSize: z.number().int().min(1).max(32),
  parallelization: z.number().int().min(1).max(16),
  salt: z.base64(),
  box: z.base64(),
});
export type SealedKeys = z.infer<typeof sealedKeysSchema>;

type Parameters = Pick<SealedKeys, "cost" | "blockSize" | "parallelization">;

function keyOf(passphrase: string, salt: Uint8Array, { cost, blockSize, parallelization }: Parameters) {
  // Composed the same way whatever keyboard it was typed on.
  const text = passphrase.normalize("NFC");
  const maxmem = 2 ** 20 + 256 * cost * blockSize * parallelization;
  return derive(text, salt, KEY_BYTES, { cost, blockSize, parallelization, maxmem });
}

/**
 * Encrypts with XSalsa20-Poly1305 (NaCl secretbox) under a key that scrypt (RFC 7914) makes of the passphrase and a fresh
 * salt from the system's generator.
 */
export async function sealKeys(
  plain: Uint8Array,
  passphrase: string,
  parameters: Parameters = COST,
): Promise<SealedKeys> {
  const random = (count: number) => randomFillSync(new Uint8Array(count));
  const salt = random(SALT_BYTES);
  const box = seal(plain, await keyOf(passphrase, salt, parameters), random);
  const { cost, blockSize, parallelization } = parameters;
  return { kdf: "scrypt", cost, blockSize, parallelization, salt: toBase64(salt), box: toBase64(box) };
}

/** @returns undefined where the passphrase is another, or a byte was changed. */
export async function openKeys(sealed: SealedKeys, passphrase: string): Promise<Uint8Array | undefined> {
  const key = await keyOf(passphrase, fromBase64(sealed.salt), sealed);
  return open(fromBase64(sealed.box), key) ?? undefined;
}

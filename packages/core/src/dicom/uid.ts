import { randomBytes } from "node:crypto";

/** A new unique identifier: 2.25 and a random number of 122 bits, laid out as a UUID of version 4 (PS3.5 B.2). */
export function newUid(random: (size: number) => Uint8Array = randomBytes): string {
  const bytes = Buffer.from(random(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return `2.25.${BigInt(`0x${bytes.toString("hex")}`)}`;
}

import { wordlist } from "@scure/bip39/wordlists/english.js";
import { sha256 } from "../common/hash.js";

/** 8 words of 11 bits: 88 bits, out of reach of a search for a second text with the same words. */
const WORDS = 8;
const BITS = 11;

/**
 * The fingerprint of some bytes as eight words (the English list of BIP 39) for two people to read to each other on the
 * telephone: the first 88 bits of their SHA-256 under a label.
 */
export function wordsOf(label: string, bytes: Uint8Array): string {
  const digest = sha256("fedbaps/words", "\n", label, "\n", bytes);
  let bits = 0n;
  for (const byte of digest.subarray(0, (WORDS * BITS) / 8)) bits = (bits << 8n) | BigInt(byte);
  const words: string[] = [];
  for (let i = WORDS - 1; i >= 0; i--) words.push(wordlist[Number((bits >> BigInt(i * BITS)) & 2047n)]);
  return words.join(" ");
}

/** Whether two people have the same words; spacing and capitals aside. */
export function sameWords(a: string, b: string): boolean {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .split(/[^a-z]+/)
      .filter((word) => word !== "")
      .join(" ");
  return plain(a) !== "" && plain(a) === plain(b);
}

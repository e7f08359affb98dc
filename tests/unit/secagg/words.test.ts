import { createHash } from "node:crypto";
import { sameWords, wordsOf } from "@fedbaps/core/secagg/words.js";
import { describe, expect, it } from "@jest/globals";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { seededBytes } from "../../protocol/parties.js";
import { fc } from "../../support/property.js";

/** The same by another way: the digest as a string of bits, cut into elevens. */
function byHand(label: string, bytes: Uint8Array): string {
  const digest = createHash("sha256").update("fedbaps/words\n").update(`${label}\n`).update(bytes).digest();
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return Array.from({ length: 8 }, (_, i) => wordlist[Number.parseInt(bits.slice(11 * i, 11 * i + 11), 2)]).join(" ");
}

describe("words", () => {
  it("are those of a list of 2048 different words, as BIP 39 has it", () => {
    expect([wordlist.length, new Set(wordlist).size]).toEqual([2048, 2048]);
    expect([wordlist[0], wordlist[1], wordlist[2047]]).toEqual(["abandon", "ability", "zoo"]);
    const digest = createHash("sha256")
      .update(`${wordlist.join("\n")}\n`)
      .digest("hex");
    expect(digest).toBe("2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
  });

  it("are the first 88 bits of SHA-256 under a label", () => {
    for (const label of ["roster", "key"])
      for (const bytes of [new Uint8Array(0), new Uint8Array(32), seededBytes(1)(32), seededBytes(2)(100)])
        expect(wordsOf(label, bytes)).toBe(byHand(label, bytes));
  });

  it("are the same on every machine", () => {
    expect(wordsOf("roster", new Uint8Array(32))).toBe("matter pioneer capital thank mixture limb flame copy");
  });

  it("are others for another label and for any one bit changed", () => {
    const bytes = seededBytes(3)(32);
    const words = wordsOf("key", bytes);
    expect(wordsOf("roster", bytes)).not.toBe(words);
    const seen = new Set([words]);
    for (let bit = 0; bit < 256; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      seen.add(wordsOf("key", changed));
    }
    expect(seen.size).toBe(257);
  });

  it("are the same words however they are typed, and no others", () => {
    const word = fc.constantFrom(...wordlist);
    const gap = fc.constantFrom(" ", "  ", "\n", "\t", ", ", " - ", ". ");
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 8, maxLength: 8 }),
        gap,
        fc.nat({ max: 7 }),
        word,
        (words, space, i, other) => {
          const said = words.join(" ");
          expect(sameWords(` ${words.join(space).toUpperCase()}\n`, said)).toBe(true);
          expect(sameWords(words.slice(1).join(" "), said)).toBe(false);
          expect(sameWords(words.join(""), said)).toBe(false);
          const changed = words.map((entry, at) => (at === i ? other : entry));
          expect(sameWords(changed.join(" "), said)).toBe(words[i] === other);
        },
      ),
    );
  });

  it("are never the same where there are none", () => {
    for (const nothing of ["", "  ", "12 34"]) expect(sameWords(nothing, nothing)).toBe(false);
  });
});

import { combineShares, recoverSecret, splitSecret } from "@fedbaps/core/secagg/shamir.js";
import { describe, expect, it } from "@jest/globals";
import { codeRejected, seededBytes } from "../../protocol/parties.js";
import { fc } from "../../support/property.js";
import { valueAt } from "./gf256.js";

const secret = seededBytes(1)(32);
const accept = (candidate: Uint8Array) => (Buffer.compare(candidate, secret) === 0 ? candidate : null);

/** The share with its coordinate (last byte) replaced. */
function at(x: number, share: Uint8Array): Uint8Array {
  const moved = share.slice();
  moved[moved.length - 1] = x;
  return moved;
}

describe("Shamir shares", () => {
  it("rebuild the secret from any t of n, in any order", async () => {
    const shares = await splitSecret(secret, 5, 3);
    expect(shares.map((share) => share.length)).toEqual([33, 33, 33, 33, 33]);
    for (let a = 0; a < 5; a++)
      for (let b = a + 1; b < 5; b++)
        for (let c = b + 1; c < 5; c++) expect(await combineShares([shares[c], shares[a], shares[b]])).toEqual(secret);
    expect(await combineShares(shares)).toEqual(secret);
  });

  it("t - 1 of them give something else", async () => {
    const shares = await splitSecret(secret, 5, 3);
    expect(await combineShares(shares.slice(0, 2))).not.toEqual(secret);
  });

  it("lie on a polynomial over GF(2^8), the secret at zero: 42 + 07 x, worked by hand", async () => {
    expect(await combineShares([Uint8Array.of(0x42 ^ 0x07, 1), Uint8Array.of(0x42 ^ 0x0e, 2)])).toEqual(
      Uint8Array.of(0x42),
    );
  });

  it("are points of polynomials of degree t - 1, by arithmetic that shares nothing with the package", async () => {
    const sizes = fc
      .integer({ min: 2, max: 9 })
      .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 2, max: n }), fc.uint8Array({ minLength: 1 })));
    await fc.assert(
      fc.asyncProperty(sizes, async ([count, threshold, bytes]) => {
        const shares = await splitSecret(bytes, count, threshold);
        for (const [k, byte] of bytes.entries()) {
          const points = shares.map((share) => ({ x: share[share.length - 1], y: share[k] }));
          const enough = points.slice(0, threshold);
          expect(valueAt(0, enough)).toBe(byte);
          for (const { x, y } of points) expect(valueAt(x, enough)).toBe(y);
        }
        expect(await combineShares(shares.slice(-threshold))).toEqual(bytes);
      }),
      { numRuns: 50 },
    );
  });

  it("are combined as Lagrange has it, whatever bytes and coordinates they hold", async () => {
    const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
    const coordinates = fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { minLength: 2, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(coordinates, fc.array(bytes, { minLength: 8, maxLength: 8 }), async (xs, values) => {
        const combined = await combineShares(xs.map((x, i) => Uint8Array.of(...values[i], x)));
        const expected = [0, 1, 2, 3].map((k) =>
          valueAt(
            0,
            xs.map((x, i) => ({ x, y: values[i][k] })),
          ),
        );
        expect([...combined]).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it("cover the largest cohort", async () => {
    const short = secret.slice(0, 2);
    const shares = await splitSecret(short, 200, 134);
    expect(new Set(shares.map((share) => share[2])).size).toBe(200);
    expect(await combineShares(shares.slice(66))).toEqual(short);
  });

  it("of impossible sizes, and sets that do not belong together, are refused with a typed error", async () => {
    const sizes = [
      [5, 6],
      [5, 1],
      [256, 200],
      [5, 2.5],
    ];
    for (const [count, threshold] of sizes)
      expect(await codeRejected(splitSecret(secret, count, threshold))).toBe("BAD_SHARES");
    const [a, b] = await splitSecret(secret, 3, 2);
    for (const set of [[], [a], [a, a], [a, at(a[32], b)], [a, b.slice(1)], [a, at(0, b)]])
      expect(await codeRejected(combineShares(set))).toBe("BAD_SHARES");
  });
});

describe("recovery", () => {
  it("works round one false share, of whatever kind, where there is one to spare", async () => {
    const shares = (await splitSecret(secret, 5, 3)).slice(0, 4);
    const lies = (share: Uint8Array, next: Uint8Array) => [
      share.map((byte, i) => (i === 4 ? byte ^ 1 : byte)),
      at(0, share),
      at(next[32], share), // claims the coordinate of an honest share
      at(share[32] === 255 ? 1 : share[32] + 1, share),
    ];
    for (let bad = 0; bad < 4; bad++)
      for (const lie of lies(shares[bad], shares[(bad + 1) % 4])) {
        const given = shares.map((share, i) => (i === bad ? lie : share));
        const found = await recoverSecret(given, 3, accept);
        expect(found?.secret).toEqual(secret);
        // Begun with the run that was good, no other is tried.
        let tries = 0;
        const counted = (candidate: Uint8Array) => {
          tries++;
          return accept(candidate);
        };
        expect(await recoverSecret(given, 3, counted, found?.run)).toEqual(found);
        expect(tries).toBe(1);
        const withoutSpare = given.filter((_, i) => i !== (bad + 2) % 4);
        expect(await recoverSecret(withoutSpare, 3, accept)).toBeNull();
      }
  });

  it("has nothing to say about fewer than t", async () => {
    const shares = await splitSecret(secret, 5, 3);
    expect(await recoverSecret(shares.slice(0, 2), 3, accept)).toBeNull();
  });
});

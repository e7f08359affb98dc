import type { CurvePoint } from "@fedbaps/core/training/local-adaptation.js";

/**
 * Why a higher mean was not enough for the no-harm gate (`docs/no-harm.md`): half a sentence to follow that no version was
 * shown to be better.
 * @param curve on the same validation images, zero-shot first
 * @returns undefined where no mean is above zero-shot's
 */
export function notEnough(curve: readonly Pick<CurvePoint, "version" | "valDice">[]): string | undefined {
  const [zeroShot] = curve;
  if (!zeroShot) return undefined;
  const highest = curve.reduce((best, point) => (point.valDice > best.valDice ? point : best));
  if (highest === zeroShot) return undefined;
  return (
    `version ${highest.version} had a higher mean, Dice ${highest.valDice.toFixed(3)}, ` +
    "but the gain is too small or too uneven for so few images: it may be chance"
  );
}

import sharp from "sharp";
import type { ProbabilityMap } from "./image.js";

const WHITE = 65535;

/**
 * A probability map as PNG bytes: one channel of 16 bits, 0 for probability 0 and 65535 for 1, rounded. What is no number
 * becomes 0. Divide by 65535 to have the probabilities back, to 1 in 131070.
 */
export async function encodeProbabilityPng({ data, width, height }: ProbabilityMap): Promise<Uint8Array> {
  const levels = new Uint16Array(data.length);
  for (let i = 0; i < levels.length; i++) levels[i] = Math.round(Math.min(1, Math.max(0, data[i] || 0)) * WHITE);
  return sharp(levels, { raw: { width, height, channels: 1 } })
    .toColourspace("grey16")
    .png()
    .toBuffer();
}

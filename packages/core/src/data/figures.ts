import { createHash } from "node:crypto";
import { z } from "zod";
import type { Fault } from "../image/errors.js";
import type { Image, Mask } from "../image/image.js";

export const figuresSchema = z.strictObject({
  width: z.number().int().min(1),
  height: z.number().int().min(1),
  inside: z.number().int().min(1),
  picture: z.string(),
  blank: z.boolean(),
  strange: z.strictObject({ reason: z.string(), remedy: z.string() }).optional(),
  pages: z.number().int().min(2).optional(),
});

/** What is kept of a case that can be used. */
export interface Figures {
  /** Pixels as read. */
  readonly width: number;
  readonly height: number;
  /** Pixels inside the mask. */
  readonly inside: number;
  /** Equal for equal pixels, to 8 bits a channel. */
  readonly picture: string;
  /** Whether all pixels are alike. */
  readonly blank: boolean;
  /** Why the mask's file may not mean black and white, and what to do; names no file. */
  readonly strange?: Fault | undefined;
  /** Pages of a picture file that has several; the first is read. */
  readonly pages?: number | undefined;
}

/** SHA-256 of size and pixels, cut to 128 bits. */
function hashOf({ data, width, height }: Image): string {
  const bytes = new Uint8ClampedArray(data);
  return createHash("sha256").update(`${width}x${height} `).update(bytes).digest("base64url").slice(0, 22);
}

function isBlank({ data, channels }: Image): boolean {
  for (let i = channels; i < data.length; i++) if (data[i] !== data[i % channels]) return false;
  return true;
}

/** The figures of a picture with its mask. @param strange see `Figures` */
export function figuresOf(image: Image, mask: Mask, strange?: Fault): Figures {
  let inside = 0;
  for (let i = 0; i < mask.data.length; i++) inside += mask.data[i];
  const { width, height } = image;
  return { width, height, inside, picture: hashOf(image), blank: isBlank(image), ...(strange ? { strange } : {}) };
}

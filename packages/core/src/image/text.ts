import type { Colour } from "./contours.js";
import type { Image } from "./image.js";

// Five by seven pixels a letter, as on character displays: a row is five bits, given as two hexadecimal digits. Drawn
// here rather than by a text library, because a bare machine has no fonts and a picture without words is half a report.
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:%+()/=,";
const ROWS = [
  "0e11111f111111 1e11111e11111e 0e11101010110e 1e11111111111e 1f10101e10101f 1f10101e101010 0e11101711110f",
  "1111111f111111 0e04040404040e 0702020202120c 11121418141211 1010101010101f 111b1515111111 11111915131111",
  "0e11111111110e 1e11111e101010 0e11111115120d 1e11111e141211 0f10100e01011e 1f040404040404 1111111111110e",
  "11111111110a04 1111111515150a 11110a040a1111 1111110a040404 1f01020408101f",
  "00000e010f110f 1010161911111e 00000e1010110e 01010d1311110f 00000e111f100e 0609081c080808 000f11110f010e",
  "10101619111111 04000c0404040e 0200060202120c 10101214181412 0c04040404040e 00001a15151111 00001619111111",
  "00000e1111110e 00001e111e1010 00000d130f0101 00001619101010 00000e100e011e 08081c08080906 0000111111130d",
  "00001111110a04 0000111115150a 0000110a040a11 000011110f010e 00001f0204081f",
  "0e11131519110e 040c040404040e 0e11010204081f 1f02040201110e 02060a121f0202 1f101e0101110e 0608101e11110e",
  "1f010204080808 0e11110e11110e 0e11110f01020c",
  "00000000000c0c 0000001f000000 000c0c000c0c00 18190204081303 0004041f040400 02040808080402 08040202020408",
  "00010204081000 00001f001f0000 000000000c0408",
]
  .join(" ")
  .split(" ");

const ADVANCE = 6;
export const LETTER_HEIGHT = 7;

/** How many pixels wide a text is at scale 1. */
export function textWidth(text: string): number {
  return Math.max(0, text.length * ADVANCE - 1);
}

/**
 * Writes a text into a colour picture, in place; (x, y) is its upper left corner. What falls outside is cut off, and a
 * character without a drawing is left blank.
 */
export function drawText(image: Image, text: string, x: number, y: number, colour: Colour, scale = 1): void {
  for (let n = 0; n < text.length; n++) {
    const letter = LETTERS.indexOf(text[n]);
    if (letter < 0) continue;
    for (let py = 0; py < LETTER_HEIGHT * scale; py++) {
      const row = Math.floor(py / scale);
      const bits = Number.parseInt(ROWS[letter].slice(row * 2, row * 2 + 2), 16);
      for (let px = 0; px < 5 * scale; px++) {
        const atX = x + n * ADVANCE * scale + px;
        const atY = y + py;
        const visible = atX >= 0 && atY >= 0 && atX < image.width && atY < image.height;
        if (visible && (bits >> (4 - Math.floor(px / scale))) & 1)
          image.data.set(colour, (atY * image.width + atX) * 3);
      }
    }
  }
}

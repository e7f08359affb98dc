import type { Image } from "../image/image.js";
import { BlackBoxError, type Prompt } from "./model.js";

/** What a position of a prompt says, as the networks of the Segment Anything family number it. */
export const LABEL = { background: 0, foreground: 1, topLeft: 2, bottomRight: 3, padding: -1 } as const;

/** One position of a prompt, in the pixels of its image, with its label. */
export interface PromptToken {
  readonly x: number;
  readonly y: number;
  readonly label: number;
}

/**
 * The points and then the two corners of the box, where there is one.
 * @throws BlackBoxError BLACKBOX_INPUT for a prompt that says nothing or reaches out of its image.
 */
export function promptTokens(prompt: Prompt, image: Pick<Image, "width" | "height">): PromptToken[] {
  const tokens: PromptToken[] = prompt.points.map(({ x, y, label }) => ({ x, y, label }));
  if (prompt.box) {
    const { left, top, right, bottom } = prompt.box;
    tokens.push({ x: left, y: top, label: LABEL.topLeft }, { x: right, y: bottom, label: LABEL.bottomRight });
  }
  if (tokens.length === 0) throw new BlackBoxError("BLACKBOX_INPUT", "a query needs at least one point or a box");
  for (const { x, y } of tokens)
    if (!(x >= -0.5 && y >= -0.5 && x <= image.width - 0.5 && y <= image.height - 0.5))
      throw new BlackBoxError(
        "BLACKBOX_INPUT",
        `a prompt at (${x}, ${y}) is outside its ${image.width} x ${image.height} image`,
      );
  return tokens;
}

/** @throws BlackBoxError BLACKBOX_INPUT for grey images. */
export function checkColour(image: Image): void {
  if (image.channels !== 3) throw new BlackBoxError("BLACKBOX_INPUT", "the black box wants RGB images");
}

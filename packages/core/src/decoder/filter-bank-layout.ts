import { CLICK_COLOURS, IMAGE_BASIS, PROMPT_BASIS } from "./basis-images.js";
import { ParameterLayout } from "./parameters.js";

/** One coefficient per basis image and colour channel. */
export const filterBankLayout = new ParameterLayout([
  ["image.coefficients", [IMAGE_BASIS.length, 3]],
  ["prompt.coefficients", [PROMPT_BASIS.length, 3]],
  ["click.coefficients", [CLICK_COLOURS.length, 3]],
]);

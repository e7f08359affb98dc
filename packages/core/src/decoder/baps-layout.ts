import { RandomStream } from "../math/rng.js";
import { ParameterLayout } from "./parameters.js";

/** Side of the grid on which the frozen encoder's features are pooled. */
export const GRID = 8;
/** Channels of the frozen encoder: mean and spread per colour, contrast at three scales, place (x, y), a constant. */
export const ENCODER_CHANNELS = 12;
/** Channels that the converted prompt adds on the grid. */
export const PROMPT_CHANNELS = 4;
/** Random Fourier features of the click: sine and cosine of FREQUENCIES projections. */
export const FREQUENCIES = 32;
/** Output channels of each doubling layer, 8 -> 16 -> 32 -> 64 -> 128 pixels; the last paints RGB. */
export const WIDTHS = [32, 32, 16, 3] as const;

const promptWidth = GRID * GRID * PROMPT_CHANNELS;

function tensors(): [string, number[]][] {
  const list: [string, number[]][] = [
    ["prompt.weight", [2 * FREQUENCIES, promptWidth]],
    ["prompt.bias", [promptWidth]],
    ["prompt.norm.gain", [promptWidth]],
    ["prompt.norm.bias", [promptWidth]],
  ];
  let channels = ENCODER_CHANNELS + PROMPT_CHANNELS;
  for (const [i, width] of WIDTHS.entries()) {
    list.push([`up${i}.weight`, [channels, 4 * width]], [`up${i}.bias`, [width]]);
    if (i < WIDTHS.length - 1) list.push([`up${i}.norm.gain`, [width]], [`up${i}.norm.bias`, [width]]);
    channels = width;
  }
  return list;
}

export const bapsLayout = new ParameterLayout(tensors());

/**
 * The parameters to start from: weights uniform with variance 1 / fan-in, norms at one, biases and the whole last layer
 * at zero. (Zeroing every layer, an option of the paper's code, kills the gradient of all but the last bias.)
 */
export function initialBaps(seed: number): Float32Array {
  const theta = new Float32Array(bapsLayout.length);
  const last = `up${WIDTHS.length - 1}.`;
  for (const { name, shape } of bapsLayout.entries) {
    if (name.startsWith(last)) continue;
    const values = bapsLayout.view(theta, name);
    if (name.endsWith(".gain")) values.fill(1);
    if (!name.endsWith(".weight")) continue;
    const stream = new RandomStream(seed, "baps-initial", name);
    const bound = Math.sqrt(3 / shape[0]);
    for (let i = 0; i < values.length; i++) values[i] = bound * (2 * stream.uniform() - 1);
  }
  return theta;
}

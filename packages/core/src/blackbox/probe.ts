import type { Clock } from "../common/clock.js";
import type { Image, Mask, ProbabilityMap } from "../image/image.js";
import type { Prompt, SegmentationModel } from "./model.js";

/** A drawn picture with one object, whose place is known, and a click on it. */
export interface Scene {
  readonly image: Image;
  readonly mask: Mask;
  readonly prompt: Prompt;
}

/** Neither square nor even, so that a mistake about proportions or half pixels shows. */
export const SCENE_SIZE = { width: 301, height: 227 } as const;

/**
 * Draws a reddish ellipse with a soft edge on a darker, slightly uneven ground. Scenes of different `variant` (a whole
 * number) are different pictures of the same kind.
 */
export function drawScene(variant: number): Scene {
  const { width, height } = SCENE_SIZE;
  const centre = { x: 0.42 * width + (variant % 7) * 4, y: 0.55 * height - (variant % 5) * 4 };
  const data = new Float32Array(width * height * 3);
  const mask = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const distance = Math.hypot((x - centre.x) / (0.19 * width), (y - centre.y) / (0.2 * height));
      const inside = 1 / (1 + Math.exp((distance - 1) * 30));
      mask[i] = distance <= 1 ? 1 : 0;
      const ground = 6 * Math.sin(x / 17 + variant) + 5 * Math.cos(y / 23 - variant);
      data.set([70 + ground + 120 * inside, 62 + ground + 40 * inside, 66 + ground + 38 * inside], 3 * i);
    }
  const prompt: Prompt = { points: [{ x: Math.round(centre.x), y: Math.round(centre.y), label: 1 }] };
  return { image: { data, width, height, channels: 3 }, mask: { data: mask, width, height }, prompt };
}

export interface Probe {
  /** The answer to the first scene. */
  readonly scene: Scene;
  readonly answer: ProbabilityMap;
  /** Milliseconds per image when asked for one, and for eight at once. */
  readonly msPerImage: { readonly 1: number; readonly 8: number };
}

const SINGLES = 3;
const BATCH = 8;
/** Images that a probe asks about: one to begin with, some alone, and eight at once. */
export const PROBE_QUERIES = 1 + SINGLES + BATCH;

/**
 * Asks a black box about drawn scenes, each another picture, so that nothing is answered from a memory.
 * @throws what the black box throws.
 */
export async function probe(model: SegmentationModel, clock: Clock, signal?: AbortSignal): Promise<Probe> {
  const scenes = Array.from({ length: PROBE_QUERIES }, (_, variant) => drawScene(variant));
  const ask = (asked: readonly Scene[]) =>
    model.segment(
      asked.map(({ image }) => image),
      asked.map(({ prompt }) => prompt),
      signal,
    );
  const [scene] = scenes;
  const [answer] = await ask([scene]);
  const timed = async (asked: readonly Scene[]) => {
    const start = clock.now();
    await ask(asked);
    return (clock.now() - start) / asked.length;
  };
  const singles: number[] = [];
  for (let i = 1; i <= SINGLES; i++) singles.push(await timed([scenes[i]]));
  const eight = await timed(scenes.slice(1 + SINGLES));
  return { scene, answer, msPerImage: { 1: singles.sort((a, b) => a - b)[SINGLES >> 1], 8: eight } };
}

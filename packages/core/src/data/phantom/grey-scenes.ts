import type { RandomStream } from "../../math/rng.js";
import { blend, blob, type Canvas, clouds, grain, paint, type Rgb, strokes } from "./brush.js";
import { crossing, drawDistractor, drawTarget, mix, type Scene, unit } from "./scene.js";

function grey(value: number): Rgb {
  return [value, value, value];
}

/** Multiplies by speckle: waves that meet at random, hence dots that are larger the brighter the tissue. */
function speckle(canvas: Canvas, stream: RandomStream, strength: number): void {
  const { width, height } = canvas;
  const fine = grain(stream, width * height);
  const coarse = clouds(stream, width, height, 3 * unit(canvas));
  for (let i = 0; i < fine.length; i++) {
    const factor = Math.max(0.2, 1 + strength * (0.35 * fine[i] + coarse[i]));
    for (let c = 0; c < 3; c++) canvas.data[i * 3 + c] *= factor;
  }
}

/** Breast ultrasound: bright layers, a dark mass with a brighter band behind it, small cysts; a yellowish screen. */
export const ultrasound: Scene = (canvas, stream) => {
  const { width, height } = canvas;
  const u = unit(canvas);
  const wave = clouds(stream, width, height, 60 * u, 2);
  const tissue = clouds(stream, width, height, 22 * u, 3);
  const layers = stream.between(9, 15);
  paint(canvas, (i, _x, y) => {
    const depth = y / height + 0.12 * wave[i];
    return grey(118 + 26 * Math.sin(layers * depth) + 22 * tissue[i] + (depth < 0.12 ? 50 : 0));
  });
  for (let n = stream.below(3); n > 0; n--) blend(canvas, drawDistractor(canvas, stream, [3, 7]), grey(40), 0.8);
  const target = drawTarget(canvas, stream, { wobble: 0.28, stretch: stream.between(1.1, 1.7), soft: 3 * u });
  const behind = Math.round(16 * u) * width;
  blend(
    canvas,
    target.map((_, i) => (i >= behind ? target[i - behind] : 0)),
    grey(184),
    0.45,
  );
  blend(canvas, target, grey(48), 0.85);
  speckle(canvas, stream, 0.45);
  paint(canvas, (i) => mix([0, 0, 0], [255, 238, 200], canvas.data[i * 3] / 255));
  return target;
};

/** Chest radiograph: a shaded lung field, ribs and a lead marker; a nodule that is a little brighter. */
export const radiograph: Scene = (canvas, stream) => {
  const { width, height } = canvas;
  const u = unit(canvas);
  const texture = clouds(stream, width, height, 30 * u, 4);
  const tilt = stream.between(-30, 30);
  paint(canvas, (i, x, y) => grey(92 + tilt * (x / width - 0.5) + 34 * (y / height) + 16 * texture[i]));
  const gap = 26 * u;
  const ribs = Array.from({ length: Math.ceil(height / gap) + 1 }, (_, n) => ({
    from: [-10, n * gap] as const,
    to: [width + 10, (n - 0.6) * gap + stream.between(-3, 3) * u] as const,
    bend: 12 * u,
    thickness: stream.between(6, 9) * u,
  }));
  blend(canvas, strokes(width, height, ribs), grey(162), 0.32);
  blend(canvas, strokes(width, height, crossing(canvas, stream, 5, [1, 2.4])), grey(150), 0.35);
  const target = drawTarget(canvas, stream, { wobble: 0.18, soft: 5 * u });
  blend(canvas, target, grey(204), 0.72);
  const marker = { x: width * stream.between(0.06, 0.12), y: height * stream.between(0.08, 0.16), radius: 5 * u };
  blend(canvas, blob(stream, width, height, { ...marker, wobble: 0.02 }), grey(246), 0.95);
  return target;
};

/** Abdominal CT: the body in air, bone, bright vessels in the liver, a darker lesion. */
export const tomography: Scene = (canvas, stream) => {
  const { width, height } = canvas;
  const u = unit(canvas);
  const organ = clouds(stream, width, height, 36 * u, 2);
  const cx = width / 2;
  const cy = height / 2;
  const body = blob(stream, width, height, { x: cx, y: cy, radius: 62 * u, stretch: 1, wobble: 0.05, soft: 2 * u });
  const wide = (x: number, y: number) => Math.hypot((x - cx) / (width * 0.47), (y - cy) / (height * 0.47));
  paint(canvas, (i, x, y) => {
    const inside = Math.min(1, Math.max(body[i] * 0.2, (1 - wide(x, y)) * 30 * u));
    const fat = wide(x, y) > 0.88 ? 92 : 150 + 10 * organ[i];
    return grey(18 + inside * (fat - 18));
  });
  const spine = { x: cx, y: height * 0.86, radius: 9 * u, wobble: 0.2, soft: 2 };
  blend(canvas, blob(stream, width, height, spine), grey(240), 0.95);
  for (let n = 3 + stream.below(4); n > 0; n--)
    blend(canvas, drawDistractor(canvas, stream, [1.5, 4.5], 0.55), grey(216), 0.8);
  for (let n = 1 + stream.below(2); n > 0; n--)
    blend(canvas, drawDistractor(canvas, stream, [4, 9], 0.55), grey(40), 0.7);
  const target = drawTarget(canvas, stream, { wobble: 0.2, soft: 3 * u, radius: stream.between(15, 25) * u });
  const inner = clouds(stream, width, height, 10 * u, 2);
  blend(canvas, target, grey(84), 0.85);
  blend(
    canvas,
    target.map((cover, i) => cover * Math.max(0, inner[i])),
    grey(62),
    0.7,
  );
  return target;
};

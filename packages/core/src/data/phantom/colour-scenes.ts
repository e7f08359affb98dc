import { blend, blob, clouds, type Field, paint, type Rgb, type Stroke, shade, strokes } from "./brush.js";
import { crossing, drawDistractor, drawTarget, mix, type Scene, unit } from "./scene.js";

function times(field: Field, factor: (i: number) => number): Field {
  return field.map((value, i) => value * factor(i));
}

/** Dermoscopy: a pigmented lesion, hairs, now and then a violet pen mark or a red angioma. */
export const skin: Scene = (canvas, stream) => {
  const { width, height } = canvas;
  const u = unit(canvas);
  const mottle = clouds(stream, width, height, 40 * u, 4);
  const tone = stream.between(-12, 12);
  paint(canvas, (i) => mix([226 + tone, 176 + tone, 150 + tone], [205, 138, 118], 0.35 + 0.35 * mottle[i]));
  for (let n = stream.below(3); n > 0; n--) blend(canvas, drawDistractor(canvas, stream, [5, 11]), [186, 62, 66], 0.75);
  if (stream.uniform() < 0.5) blend(canvas, drawDistractor(canvas, stream, [6, 14]), [104, 84, 168], 0.8);
  const target = drawTarget(canvas, stream, { wobble: 0.3, soft: 5 * u });
  const pigment = clouds(stream, width, height, 14 * u, 3);
  blend(canvas, target, [128, 82, 60], 0.9);
  blend(
    canvas,
    times(target, (i) => Math.max(0, pigment[i])),
    [66, 42, 36],
    0.8,
  );
  blend(canvas, strokes(width, height, crossing(canvas, stream, 3 + stream.below(9), [0.8, 2])), [58, 42, 38], 0.85);
  return target;
};

/** Endoscopy: folds, vessels, a bump with a shadow and reflections, pools of bile. */
function mucosa(base: Rgb, deep: Rgb, bump: Rgb, vessel: Rgb, fluid: Rgb): Scene {
  return (canvas, stream) => {
    const { width, height } = canvas;
    const u = unit(canvas);
    const folds = clouds(stream, width, height, 52 * u, 3);
    paint(canvas, (i) => mix(base, deep, 0.45 + 0.5 * Math.sin(4 * folds[i])));
    const vessels = crossing(canvas, stream, 5 + stream.below(5), [0.8, 2.2]);
    blend(canvas, strokes(width, height, vessels), vessel, 0.55);
    for (let n = 1 + stream.below(2); n > 0; n--) blend(canvas, drawDistractor(canvas, stream, [6, 13]), fluid, 0.7);
    const target = drawTarget(canvas, stream, { wobble: 0.12, soft: 3 * u });
    // The shadow that the bump throws, then the bump itself, brighter towards the light.
    const shift = Math.round(4 * u) * (width + 1);
    const shadow = target.map((_, i) => (i >= shift ? target[i - shift] : 0));
    blend(canvas, shadow, mix(deep, [20, 10, 10], 0.5), 0.6);
    blend(canvas, target, bump, 0.85);
    const bumps = clouds(stream, width, height, 16 * u, 2);
    shade(
      canvas,
      times(target, (i) => bumps[i]),
      16,
    );
    for (let n = 4 + stream.below(6); n > 0; n--) {
      const spot = drawDistractor(canvas, stream, [1, 2.6]);
      blend(canvas, spot, [255, 250, 245], 0.95);
    }
    return target;
  };
}

export const redMucosa = mucosa([206, 112, 92], [148, 56, 50], [228, 150, 132], [128, 30, 34], [186, 160, 62]);
/** Narrow-band light: greenish mucosa, brown vessels and a brown polyp. */
export const narrowBand = mucosa([134, 168, 150], [86, 118, 108], [140, 98, 70], [70, 66, 52], [176, 150, 150]);

/** Haematoxylin and eosin: a nest of crowded violet nuclei in pink stroma, fat vacuoles, blood cells. */
export const histology: Scene = (canvas, stream) => {
  const { width, height } = canvas;
  const u = unit(canvas);
  const fibres = clouds(stream, width, height, 18 * u, 4);
  paint(canvas, (i) => mix([238, 190, 212], [206, 128, 170], 0.5 + 0.5 * Math.sin(5 * fibres[i])));
  for (let n = 2 + stream.below(3); n > 0; n--) blend(canvas, drawDistractor(canvas, stream, [5, 11]), [250, 246, 248]);
  for (let n = 1 + stream.below(2); n > 0; n--)
    blend(canvas, drawDistractor(canvas, stream, [5, 10]), [196, 60, 78], 0.8);
  const target = drawTarget(canvas, stream, { wobble: 0.35, soft: 2.5 * u });
  blend(canvas, target, [168, 110, 176], 0.8);
  const nuclei: Stroke[] = [];
  for (let y = 0; y < height; y += 6 * u)
    for (let x = 0; x < width; x += 6 * u) {
      const at = Math.min(height - 1, Math.round(y)) * width + Math.min(width - 1, Math.round(x));
      if (stream.uniform() > (target[at] > 0.5 ? 0.95 : 0.18)) continue;
      // A stroke of no length is a dot.
      const centre = [x + 2 * u * stream.between(-1, 1), y + 2 * u * stream.between(-1, 1)] as const;
      nuclei.push({ from: centre, to: centre, bend: 0, thickness: stream.between(3.2, 5.2) * u });
    }
  blend(canvas, strokes(width, height, nuclei), [84, 52, 128], 0.85);
  return target;
};

/** Fundus photography: vessels that leave the bright optic disc (sought), dark bleedings, yellow exudates. */
export const fundus: Scene = (canvas, stream) => {
  const { width, height } = canvas;
  const u = unit(canvas);
  const tint = clouds(stream, width, height, 50 * u, 3);
  paint(canvas, (i) => mix([204, 104, 58], [158, 66, 36], 0.5 + 0.4 * tint[i]));
  for (let n = 1 + stream.below(3); n > 0; n--)
    blend(canvas, drawDistractor(canvas, stream, [4, 9], 0.75), [110, 30, 26], 0.75);
  for (let n = 2 + stream.below(4); n > 0; n--)
    blend(canvas, drawDistractor(canvas, stream, [2, 5], 0.75), [222, 200, 96], 0.8);
  const x = width * stream.between(0.32, 0.68);
  const y = height * stream.between(0.38, 0.62);
  const radius = stream.between(15, 22) * u;
  const target = drawTarget(canvas, stream, {
    x,
    y,
    radius,
    stretch: stream.between(1, 1.2),
    wobble: 0.06,
    soft: 4 * u,
  });
  blend(canvas, target, [244, 196, 128], 0.85);
  blend(canvas, blob(stream, width, height, { x, y, radius: radius * 0.45, soft: 5 * u }), [255, 236, 196], 0.8);
  const vessels = Array.from({ length: 8 }, (_, n) => {
    const angle = (n / 8) * 2 * Math.PI + stream.between(-0.3, 0.3);
    const far = width * 0.8;
    const to = [x + far * Math.cos(angle), y + far * Math.sin(angle)] as const;
    const thickness = stream.between(1.2, 3) * u;
    return { from: [x, y] as const, to, bend: far * stream.between(-0.2, 0.2), thickness };
  });
  blend(canvas, strokes(width, height, vessels), [122, 32, 28], 0.75);
  // Outside the round field of view there is nothing.
  const rim = Math.hypot(width, height) * 0.42;
  paint(canvas, (i, px, py) => {
    const seen = Math.min(1, Math.max(0, rim - Math.hypot(px - width / 2, py - height / 2)));
    return mix([8, 6, 6], [canvas.data[i * 3], canvas.data[i * 3 + 1], canvas.data[i * 3 + 2]], seen);
  });
  return target;
};

import type { Acquisition } from "./acquisition.js";
import { fundus, histology, narrowBand, redMucosa, skin } from "./colour-scenes.js";
import { radiograph, tomography, ultrasound } from "./grey-scenes.js";
import type { Scene } from "./scene.js";

/** How one site's pictures look: what is shown, and how the site takes it. */
export interface Look {
  readonly name: string;
  readonly scene: Scene;
  readonly acquisition: Acquisition;
}

const PLAIN: Acquisition = {
  contrast: 0.3,
  level: 128,
  cast: [1, 1, 1],
  vignette: 0.1,
  haze: 0,
  noise: 2.5,
  grey: false,
  blur: 1,
};

/**
 * One look a site. The main shift is contrast that is squeezed into a few grey levels, where the structure sought
 * differs from its surroundings by some 15 to 30: a segmenter that was trained on ordinary pictures loses it among
 * noise and structures of other colours, while enough is left for a visual prompt to bring out. `contrast` sets how
 * hard a look is.
 */
export const LOOKS: readonly Look[] = [
  { name: "skin-hazy", scene: skin, acquisition: { ...PLAIN, contrast: 0.3, level: 150, haze: 0.25 } },
  {
    name: "mucosa-dark",
    scene: redMucosa,
    acquisition: { ...PLAIN, contrast: 0.4, level: 52, cast: [1.15, 0.9, 0.8], vignette: 0.4, noise: 2 },
  },
  { name: "ultrasound-flat", scene: ultrasound, acquisition: { ...PLAIN, contrast: 0.32, level: 96, grey: true } },
  {
    name: "histology-faded",
    scene: histology,
    acquisition: { ...PLAIN, contrast: 0.34, level: 205, cast: [1, 0.98, 0.92], noise: 2 },
  },
  { name: "radiograph-grey", scene: radiograph, acquisition: { ...PLAIN, contrast: 0.34, level: 140, grey: true } },
  {
    name: "fundus-dim",
    scene: fundus,
    acquisition: { ...PLAIN, contrast: 0.25, level: 62, cast: [1.2, 0.9, 0.7], vignette: 0.3 },
  },
  {
    name: "narrow-band-cast",
    scene: narrowBand,
    acquisition: { ...PLAIN, contrast: 0.36, level: 110, cast: [0.7, 1.05, 1.15], noise: 3 },
  },
  {
    name: "tomography-wide-window",
    scene: tomography,
    acquisition: { ...PLAIN, contrast: 0.34, level: 112, vignette: 0, grey: true, noise: 3 },
  },
  {
    name: "skin-blue-light",
    scene: skin,
    acquisition: { ...PLAIN, contrast: 0.26, level: 95, cast: [0.75, 0.95, 1.25], vignette: 0.35 },
  },
  {
    name: "mucosa-overexposed",
    scene: redMucosa,
    acquisition: { ...PLAIN, contrast: 0.32, level: 190, haze: 0.3, cast: [1.1, 0.97, 0.93] },
  },
];

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { RandomStream } from "@fedbaps/core/math/rng.js";
import { readCentre } from "./gate-centre.js";
import { RULES } from "./gate-rules.js";
import { type Gains, tally, withMean } from "./gate-trials.js";
import { type Pool, poolsOf, VERSIONS } from "./gate-versions.js";
import { GENERAL_MODEL_FILE } from "./places.js";
import { rounded } from "./statistics.js";
import type { Row } from "./table.js";

/** Beside the folder of models: pictures by modality and centre. */
const CENTRES_FOLDER = join(dirname(GENERAL_MODEL_FILE), "../data");
const CENTRES = [
  "dermoscopy/isic-uda1",
  "dermoscopy/isic-2017-b",
  "dermoscopy/isic-2017-d",
  "polyp/cvc-clinicdb",
  "polyp/kvasir-seg",
  "ultrasound/stu-hospital",
];
/** Pictures of a centre that are measured, at most. */
const PICTURES = 60;
const SEED = 1;
/** Validation lists drawn from every pool. */
const TRIALS = 40;
const SIMULATED_PICTURES = 2000;

/** A column of the tables: how long the validation lists are, and by how much the versions are better in truth. */
interface Setting {
  readonly name: string;
  readonly list: number;
  /** Of the first version and the last, those between in equal steps. */
  readonly gain: readonly [first: number, last: number];
}

const NULLS: readonly Setting[] = [3, 4, 6, 12, 20].map((list) => ({ name: `null${list}`, list, gain: [0, 0] }));
const REAL_EFFECTS: readonly Setting[] = [
  { name: "gain05At20", list: 20, gain: [0, 0.05] },
  { name: "gain10At12", list: 12, gain: [0, 0.1] },
  { name: "gain20At6", list: 6, gain: [0, 0.2] },
  { name: "gain26At6", list: 6, gain: [0, 0.26] },
  { name: "gain26At4", list: 4, gain: [0, 0.26] },
];
const LOSSES: readonly Setting[] = [6, 20].map((list) => ({ name: `loss02At${list}`, list, gain: [-0.02, -0.02] }));
const SETTINGS = [...NULLS, ...LOSSES, ...REAL_EFFECTS];

/**
 * The no-harm gate and the rules it was chosen among: how often each lets a site use one of six versions, in percent,
 * where none is better in truth, and where all are. By simulation, and with the real gains and losses of pictures.
 */
export async function benchGate(): Promise<Row[]> {
  const simulated = [
    ...rowsOf("simulated: normal, standard deviation 0.2", [simulate(0.2, "normal")]),
    ...rowsOf("simulated: three in four gain a little, the others lose much", [simulate(0.2, "skewed")]),
  ];
  if (!existsSync(GENERAL_MODEL_FILE)) {
    process.stderr.write(`gate: without ${GENERAL_MODEL_FILE} only simulated\n`);
    return simulated;
  }
  const real: Row[] = [];
  for (const spec of [`onnx:${GENERAL_MODEL_FILE}`, "bundled"]) {
    const name = spec === "bundled" ? "bundled" : "general-seg-128";
    const pools = await realPools(spec);
    for (const versions of new Set(pools.map((pool) => pool.versions))) {
      const gains = pools.filter((pool) => pool.versions === versions).map(({ differences }) => differences);
      real.push(...rowsOf(`real, ${name}: ${versions}`, gains), ...asTheyAre(`${name}: ${versions}`, gains));
    }
  }
  return [...simulated, ...real];
}

async function realPools(spec: string): Promise<Pool[]> {
  const model = await openBlackBox(spec);
  try {
    const pools: Pool[] = [];
    for (const centre of CENTRES) {
      process.stderr.write(`gate: ${spec === "bundled" ? spec : "general-seg-128"}, ${centre} ...\n`);
      const subjects = await readCentre(join(CENTRES_FOLDER, centre), model, SEED);
      const some = new RandomStream(SEED, "gate-pictures").shuffle(subjects).slice(0, PICTURES);
      pools.push(...(await poolsOf(centre, model, some)));
    }
    return pools;
  } finally {
    await model.close();
  }
}

/** A row for every rule: how often, in percent, a version is used. */
function rowsOf(measured: string, pools: readonly Gains[]): Row[] {
  const trials = Math.ceil((TRIALS * CENTRES.length) / pools.length);
  const columns = SETTINGS.map(({ list, gain }) =>
    tally(
      pools.map((pool) => withMean(pool, (k) => gain[0] + ((gain[1] - gain[0]) * k) / (VERSIONS - 1))),
      { list, trials, drawing: "afresh" },
    ),
  );
  return RULES.map(({ name: rule }) => {
    const row: Record<string, string | number> = { measured, rule };
    for (const [c, { name }] of SETTINGS.entries()) {
      const { used = 0, trials: all = 1 } = columns[c].get(rule) ?? {};
      row[name] = Math.round((100 * used) / all);
    }
    return row;
  });
}

/** What the choice is worth on the pictures that were not on the list: its mean gain, and how often it did harm. */
function asTheyAre(name: string, pools: readonly Gains[]): Row[] {
  const lists = [6, 12, 20];
  const columns = lists.map((list) =>
    tally(
      pools.filter((pool) => pool.length > list),
      { list, trials: TRIALS, drawing: "split" },
    ),
  );
  return RULES.map(({ name: rule }) => {
    const row: Record<string, string | number> = { measured: `as they are, ${name}`, rule };
    for (const [c, list] of lists.entries()) {
      const { used = 0, harmed = 0, gain = 0, trials = 1 } = columns[c].get(rule) ?? {};
      row[`used${list}`] = Math.round((100 * used) / trials);
      row[`harmed${list}`] = Math.round((100 * harmed) / trials);
      row[`heldOutGain${list}`] = rounded(gain / trials);
    }
    return row;
  });
}

/** Gains of six versions that go up and down together, half of their variance in common. */
function simulate(deviation: number, shape: "normal" | "skewed"): Gains {
  const stream = new RandomStream(SEED, "gate-simulated", shape);
  const draw = () =>
    shape === "normal" ? stream.normal() : stream.uniform() < 0.25 ? -Math.sqrt(3) : Math.sqrt(1 / 3);
  return Array.from({ length: SIMULATED_PICTURES }, () => {
    const common = draw();
    return Array.from({ length: VERSIONS }, () => (deviation * (common + draw())) / Math.SQRT2);
  });
}

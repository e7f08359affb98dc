import { join } from "node:path";
import { writePhantomSite } from "@fedbaps/core/data/phantoms.js";
import type { OptimizerState } from "@fedbaps/core/optimizer/spsa-gc.js";
import { temporaryFolder } from "./temporary-folder.js";

/** A folder with a phantom site; removed when the test file is done. */
export async function phantomSite(options: { site?: number; images?: number; seed?: number } = {}): Promise<string> {
  const folder = join(await temporaryFolder(), "site");
  await writePhantomSite(folder, { site: options.site ?? 0, images: options.images ?? 15, seed: options.seed ?? 1 });
  return folder;
}

/** An optimiser's state written as JSON and read back, as a program that was restarted has it. */
export function storedAndRead(state: OptimizerState): OptimizerState {
  const text = JSON.stringify({
    step: state.step,
    theta: [...state.theta],
    moments: state.moments.map((moment) => [...moment]),
  });
  const { step, theta, moments } = JSON.parse(text) as { step: number; theta: number[]; moments: number[][] };
  return {
    step,
    theta: Float32Array.from(theta),
    moments: moments.map((moment) => Float32Array.from(moment)),
  };
}

import { systemClock } from "@fedbaps/core/common/clock.js";
import { SiteTraining, type SiteTrainingSettings } from "@fedbaps/core/training/site-training.js";
import { afterEach, beforeAll } from "@jest/globals";
import { phantomSite } from "./phantom-site.js";

type Defaults = Pick<SiteTrainingSettings, "decoder" | "budget"> & Partial<SiteTrainingSettings>;

/**
 * Trainings of one site of phantoms with the bundled black box; to be called while a file's tests are declared. What is
 * opened is closed after each test.
 */
export function phantomTrainings(
  defaults: Defaults,
): (change?: Partial<SiteTrainingSettings>) => Promise<SiteTraining> {
  let data = "";
  beforeAll(async () => {
    data = await phantomSite();
  });
  const opened: SiteTraining[] = [];
  afterEach(async () => {
    for (const training of opened.splice(0)) await training.close();
  });
  return async (change = {}) => {
    const usual = { data, blackbox: "bundled", preset: "adam", rounds: 2, clicks: 2, seed: 1, site: "site-a" } as const;
    const training = await SiteTraining.open({ ...usual, clock: systemClock, ...defaults, ...change });
    opened.push(training);
    return training;
  };
}

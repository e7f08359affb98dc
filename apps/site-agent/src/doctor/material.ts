import { MeteredModel, QueryMeter } from "@fedbaps/core/blackbox/metered.js";
import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { drawScene } from "@fedbaps/core/blackbox/probe.js";
import { codeOf, messageOf } from "@fedbaps/core/common/errors.js";
import { openDataset } from "@fedbaps/core/data/dataset.js";
import { readingRules } from "@fedbaps/core/data/reading.js";
import { DEFAULT_TOLERANCE } from "@fedbaps/core/data/tolerance.js";
import { threshold } from "@fedbaps/core/metrics/overlap.js";
import type { CommandIo } from "../command-io.js";
import { type HomeOption, homeFolder, openOptions } from "../options.js";
import { readSiteSettings } from "../site-settings.js";
import { type Check, ok, warning } from "./check.js";

export interface MaterialChecksInit {
  readonly io: CommandIo;
  readonly options: HomeOption;
  /** Whether the black box may be asked, which may cost money. */
  readonly query: boolean;
}

/** What a study needs besides the coordinator: a black box that answers, and data. */
export function materialChecks({ io, options, query }: MaterialChecksInit): Check[] {
  const folder = homeFolder(io, options);
  return [
    {
      name: "blackbox",
      seconds: 120,
      look: async (signal) => {
        const spec = (await readSiteSettings(folder))?.blackbox ?? "bundled";
        const model = await openBlackBox(spec, { ...(await openOptions(io, options)), signal });
        try {
          const { name, remote } = model.description;
          const where = remote === undefined ? "in this process" : `at ${remote}, to which prompted images are sent`;
          if (!query) return ok(`${name} opens, ${where}; not asked (--no-query)`);
          const { image, prompt } = drawScene(0);
          const begun = io.clock.now();
          const [answer] = await new MeteredModel(model, new QueryMeter(1, io.clock), "report").segment(
            [image],
            [prompt],
            signal,
          );
          const took = `${Math.round(io.clock.now() - begun)} ms`;
          if (threshold(answer, 0.5).data.every((inside) => inside === 0))
            return warning(
              `${name} answers in ${took}, ${where}, but finds nothing at a click`,
              "fedbaps-site blackbox check",
            );
          return ok(`${name} answers in ${took}, ${where}; 1 query spent`);
        } catch (error) {
          const code = codeOf(error);
          if (code !== "QUIET_HOURS" && code !== "DAILY_BUDGET") throw error;
          return warning(`it opens, and is not asked now: ${messageOf(error)}`);
        } finally {
          await model.close();
        }
      },
    },
    {
      name: "data",
      seconds: 60,
      look: async () => {
        const settings = await readSiteSettings(folder);
        const data = settings?.data;
        if (data === undefined)
          return warning("site.yaml names no data", "set data: in site.yaml, or give run --data DIR");
        const { train, val, test } = await openDataset(data, {
          seed: 1,
          reading: readingRules(settings?.reading),
          tolerance: settings?.tolerance ?? DEFAULT_TOLERANCE,
        });
        const count = train.length + val.length + test.length;
        return ok(`${count} images with masks in ${data}; fedbaps-site data check looks into each`);
      },
    },
  ];
}

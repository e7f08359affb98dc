import { join } from "node:path";
import { SPEC_HELP } from "@fedbaps/core/blackbox/spec.js";
import { readingSchema, type SomeRules } from "@fedbaps/core/data/reading.js";
import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { z } from "zod";
import { readYaml } from "./yaml-file.js";

const settingsSchema = z.strictObject({
  site: nameSchema,
  data: z.string().min(1).nullish(),
  blackbox: z.string().min(1).nullish(),
  answerCache: z.boolean().nullish(),
  proxy: z.string().min(1).nullish(),
  ca: z.string().min(1).nullish(),
  reading: readingSchema.nullish(),
  tolerance: z.number().min(0).max(1).nullish(),
});

/** What `site.yaml` says: where this site's data and black box are. */
export interface SiteSettings {
  readonly site: string;
  readonly data?: string;
  readonly blackbox?: string;
  /** Whether answers of zero-shot measurements are kept in the home. */
  readonly answerCache?: boolean;
  /** The proxy to the coordinator, or "none"; without it the environment decides. */
  readonly proxy?: string;
  /** A PEM file with authorities that count besides the known ones; a relative path is meant from the home. */
  readonly ca?: string;
  /** What is used of data files that leave a choice. */
  readonly reading?: SomeRules;
  /** Share of the cases that may be bad and are left out, 0..1. */
  readonly tolerance?: number;
}

/** @returns undefined when the home has no site.yaml. @throws UsageError naming every fault of the file. */
export async function readSiteSettings(home: string): Promise<SiteSettings | undefined> {
  const settings = await readYaml(join(home, "site.yaml"), settingsSchema);
  if (!settings) return undefined;
  const { site, data, blackbox, answerCache, proxy, ca, reading, tolerance } = settings;
  return {
    site,
    ...(data ? { data } : {}),
    ...(blackbox ? { blackbox } : {}),
    ...(answerCache == null ? {} : { answerCache }),
    ...(proxy ? { proxy } : {}),
    ...(ca ? { ca } : {}),
    ...(reading ? { reading } : {}),
    ...(tolerance == null ? {} : { tolerance }),
  };
}

/** The text of a new site.yaml. */
export function siteSettingsText({ site, data, blackbox, answerCache }: SiteSettings): string {
  return `# This site. Nothing in this file is ever sent, the name apart.
site: ${site}
# A folder with images/ and masks/ (files of the same name), with train/, val/ and test/ above those two, with a
# manifest.csv, or with DICOM or NIfTI files beside their masks: see docs/data.md.
data: ${data === undefined ? "null" : JSON.stringify(data)}
# The segmentation model to adapt: ${SPEC_HELP}.
blackbox: ${JSON.stringify(blackbox ?? "bundled")}
# Keep answers of zero-shot measurements in this home, so that the same question is not paid for twice. They hold masks.
answerCache: ${answerCache ?? false}
# What is used of files that leave a choice (docs/data.md); every line is optional.
# reading:
#   frames: middle       # of a DICOM file: first, middle, all, or numbers from 1; else those that have a mask
#   window: 40,400       # grey values shown: file (the file's own), percentiles, or center,width
#   plane: axial         # of a volume: axial, coronal, sagittal
#   slices: every:5      # of a volume's marked slices: labelled (all), largest, every:N
#   labels: 1,2          # labels of a label map that are inside; else all but 0
#   segments: 1          # segments of a DICOM-SEG that are inside; else all
# Share of the cases that may be bad: so many are left out and reported, more are an error.
# tolerance: 0.05
# The proxy to the coordinator, as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; none: no proxy, whatever the
# environment says. Without this line HTTPS_PROXY and NO_PROXY of the environment decide.
# proxy: http://proxy.example.org:3128
# Certificate authorities to trust besides the known ones, as a PEM file: the hospital's own, where a proxy opens TLS.
# ca: /etc/ssl/certs/hospital.pem
`;
}

import { join } from "node:path";
import { SPEC_HELP } from "@fedbaps/core/blackbox/spec.js";
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
}

/** @returns undefined when the home has no site.yaml. @throws UsageError naming every fault of the file. */
export async function readSiteSettings(home: string): Promise<SiteSettings | undefined> {
  const settings = await readYaml(join(home, "site.yaml"), settingsSchema);
  if (!settings) return undefined;
  const { site, data, blackbox, answerCache, proxy, ca } = settings;
  return {
    site,
    ...(data ? { data } : {}),
    ...(blackbox ? { blackbox } : {}),
    ...(answerCache == null ? {} : { answerCache }),
    ...(proxy ? { proxy } : {}),
    ...(ca ? { ca } : {}),
  };
}

/** The text of a new site.yaml. */
export function siteSettingsText({ site, data, blackbox, answerCache }: SiteSettings): string {
  return `# This site. Nothing in this file is ever sent, the name apart.
site: ${site}
# A folder with images/ and masks/ (files of the same name), or with train/, val/ and test/ above those two.
data: ${data === undefined ? "null" : JSON.stringify(data)}
# The segmentation model to adapt: ${SPEC_HELP}.
blackbox: ${JSON.stringify(blackbox ?? "bundled")}
# Keep answers of zero-shot measurements in this home, so that the same question is not paid for twice. They hold masks.
answerCache: ${answerCache ?? false}
# The proxy to the coordinator, as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; none: no proxy, whatever the
# environment says. Without this line HTTPS_PROXY and NO_PROXY of the environment decide.
# proxy: http://proxy.example.org:3128
# Certificate authorities to trust besides the known ones, as a PEM file: the hospital's own, where a proxy opens TLS.
# ca: /etc/ssl/certs/hospital.pem
`;
}

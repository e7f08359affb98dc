import { openBlackBox } from "@fedbaps/core/blackbox/open.js";
import { UsageError } from "@fedbaps/core/common/errors.js";
import type { DecoderProvenance } from "@fedbaps/core/decoder/decoder-file.js";
import type { Sizing } from "@fedbaps/core/training/cases.js";
import { type CommandIo, say } from "../command-io.js";
import { type HomeOption, homeFolder, openOptions } from "../options.js";
import { readSiteSettings } from "../site-settings.js";
import type { ExportSource } from "./source.js";

export interface Fitted {
  /** With the black box's name, and its sizes where they are known to be its own. */
  readonly provenance: DecoderProvenance;
  readonly sizing: Sizing;
}

/**
 * At which size the black box looks at pictures: as the decoder's file says; for one that does not, or where another is
 * named, as the black box itself does, which is opened for that and not asked.
 * @throws BlackBoxError; UsageError where the site's black box is not the one that the decoder was made for
 */
export async function fittedTo(
  io: CommandIo,
  options: HomeOption & { readonly blackbox?: string | undefined },
  { provenance }: ExportSource,
): Promise<Fitted> {
  const { sizing, blackbox } = provenance;
  if (sizing && blackbox !== undefined && options.blackbox === undefined)
    return { provenance: { ...provenance, blackbox }, sizing };
  const usual = (await readSiteSettings(homeFolder(io, options)))?.blackbox ?? "bundled";
  const model = await openBlackBox(options.blackbox ?? usual, await openOptions(io, options));
  try {
    const { name, identity, geometry, nativeSize } = model.description;
    const found = { geometry, nativeSize };
    if (identity === provenance.blackboxIdentity)
      return { provenance: { ...provenance, blackbox: name, sizing: found }, sizing: found };
    const other = `this decoder was made for another black box (${blackbox ?? provenance.blackboxIdentity}) than ${name}`;
    if (options.blackbox === undefined || blackbox === undefined)
      throw new UsageError(`${other}: name that one with --blackbox SPEC`);
    say(io, `note: ${other}; the graph shows it pictures at the latter's size`);
    return { provenance: { ...provenance, blackbox }, sizing: found };
  } finally {
    await model.close();
  }
}

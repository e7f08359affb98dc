import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@fedbaps/core/common/errors.js";
import { checkRoster, rosterWords, signRoster, siteWords } from "@fedbaps/core/secagg/roster.js";
import { Command } from "commander";
import { leadKey } from "../lead-key.js";
import { rosterAnswer, rosterViewAnswer } from "./answers.js";
import { remote } from "./remote.js";

const DEFAULT_LEAD_KEY = join(homedir(), ".fedbaps-lead", "lead-key.json");

/** `roster show|sign` */
export function rosterCommand(): Command {
  const roster = new Command("roster").description("the signed list of sites with whom sums are made");

  remote(
    roster.command("show").description("the newest roster, and the sites that the next would name"),
    async (call, output) => {
      const answer = await call("GET", "/roster", rosterAnswer);
      const { current, candidates } = answer;
      output.result(answer, [
        ...(current
          ? [
              `version ${current.signed.roster.version}, words: ${current.words}`,
              `sites: ${current.signed.roster.members.map(({ site }) => site).join(", ")}`,
            ]
          : ["no roster yet: make one with roster sign"]),
        "approved sites, with the words of their keys to compare by telephone before you sign:",
        ...candidates.map((member) => `  ${member.site}: ${siteWords(member)}`),
      ]);
    },
  );

  const sign = roster
    .command("sign")
    .description("sign the approved sites as the next version of the roster, with the study lead's own key")
    .option("--lead-key <file>", "the lead's key, made at its first use; keep it off the coordinator", DEFAULT_LEAD_KEY)
    .option("--sites <names>", "only these sites, separated by commas (default: all that are approved)");
  remote(sign, async (call, output) => {
    const options: { leadKey: string; sites?: string } = sign.opts();
    const { current, candidates } = await call("GET", "/roster", rosterAnswer);
    const names = options.sites?.split(",").map((name) => name.trim()) ?? candidates.map(({ site }) => site);
    const missing = names.find((name) => !candidates.some(({ site }) => site === name));
    if (missing !== undefined) throw new UsageError(`--sites: ${missing} is no approved site`);
    const members = candidates
      .filter(({ site }) => names.includes(site))
      .map(({ site, signKey, boxKey }) => ({ site, signKey, boxKey }));
    if (current) checkRoster(current.signed);
    const { key, made } = leadKey(options.leadKey, (count) => new Uint8Array(randomBytes(count)));
    const signed = signRoster(members, key, current?.signed.roster);
    const stored = await call("POST", "/roster", rosterViewAnswer, signed);
    // The words of what was signed here, not of what the coordinator says that it stored.
    const words = rosterWords(signed.roster);
    output.result(
      { version: signed.roster.version, words, sites: members.map(({ site }) => site), hash: stored.hash },
      [
        ...(made ? [`a new lead key is in ${options.leadKey}: keep it safe, and a copy of it`] : []),
        `roster version ${signed.roster.version}: ${members.map(({ site }) => site).join(", ")}`,
        "",
        `  ${words}`,
        "",
        "Read these eight words to each site by telephone; the site types them: fedbaps-site roster accept",
        "Compare each site's own words with it too (fedbaps-site status shows them), computed here from the keys signed:",
        ...members.map((member) => `  ${member.site}: ${siteWords(member)}`),
      ],
    );
  });

  return roster;
}

import { UsageError } from "@fedbaps/core/common/errors.js";
import { keyWords, rosterHash, rosterWords, siteWords } from "@fedbaps/core/secagg/roster.js";
import { sameWords } from "@fedbaps/core/secagg/words.js";
import type { Roster, SignedRoster } from "@fedbaps/core/wire/roster.js";
import { Command } from "commander";
import { type CommandIo, printJson } from "../command-io.js";
import { AgentError } from "../errors.js";
import { Home } from "../home.js";
import { loadPublic } from "../identity.js";
import { fetchOffered } from "../offered.js";
import { type HomeOption, homeFolder } from "../options.js";
import { acceptedRoster, checkOffered, saveAcceptedRoster } from "../roster-files.js";

interface RosterOptions extends HomeOption {
  readonly words?: string;
  readonly json?: boolean;
}

/** `fedbaps-site roster`: with whom this site makes sums. */
export function rosterCommand(io: CommandIo): Command {
  const command = new Command("roster").description("look at the list of sites with whom sums are made, and accept it");
  const show = command
    .command("show")
    .description("the newest roster, its words to compare with the study lead by telephone, and what changed")
    .option("--json", "print one JSON document on standard output");
  show.action(() => run(io, show.optsWithGlobals(), false));
  const accept = command
    .command("accept")
    .description("accept the newest roster; later versions must be accepted anew")
    .option("--words <words>", "the eight words as the study lead reads them (else you are asked)")
    .option("--json", "print one JSON document on standard output");
  accept.action(() => run(io, accept.optsWithGlobals(), true));
  return command;
}

async function run(io: CommandIo, options: RosterOptions, accept: boolean): Promise<void> {
  const home = new Home(homeFolder(io, options));
  const accepted = await acceptedRoster(home);
  const { roster: signed } = await fetchOffered(io, home);
  const { member } = await loadPublic(home);
  if (!signed)
    throw new AgentError(
      "ROSTER_WRONG",
      "the coordinator has no roster yet: the study lead makes one with roster sign",
    );
  checkOffered(signed, accepted, member);
  const figures = describe(signed.roster, accepted);
  if (!options.json) io.stdout(text(figures, signed.roster));
  if (accept && !figures.accepted) await confirm(io, options, home, signed, figures.words);
  if (options.json) printJson(io, { ...figures, accepted: figures.accepted || accept });
  else if (accept) io.stdout("accepted\n");
}

const EIGHT = 8;

async function confirm(
  io: CommandIo,
  options: RosterOptions,
  home: Home,
  signed: SignedRoster,
  words: string,
): Promise<void> {
  const heard =
    options.words ??
    (await io.ask?.("Type the eight words as the study lead reads them to you (not from this screen): "));
  if (heard === undefined)
    throw new UsageError('compare the words with the study lead, then: fedbaps-site roster accept --words "..."');
  const given = heard.split(/[^A-Za-z]+/).filter(Boolean).length;
  if (given !== EIGHT)
    throw new UsageError(`these are ${given} words, and a roster has ${EIGHT}; give all of them: nothing was accepted`);
  if (!sameWords(heard, words))
    throw new AgentError(
      "ROSTER_WRONG",
      "these are not the words of this roster: it is not the one that the study lead signed. Nothing was accepted; tell the study lead",
    );
  await saveAcceptedRoster(home, signed, new Date(io.clock.now()).toISOString());
}

function describe(roster: Roster, accepted: Roster | undefined) {
  const names = (list: Roster | undefined) => list?.members.map(({ site }) => site) ?? [];
  const changedKeys = roster.members.filter((member) => {
    const before = accepted?.members.find(({ site }) => site === member.site);
    return before && (before.signKey !== member.signKey || before.boxKey !== member.boxKey);
  });
  return {
    version: roster.version,
    hash: rosterHash(roster),
    words: rosterWords(roster),
    lead: keyWords(roster.lead),
    sites: names(roster),
    accepted: accepted !== undefined && rosterHash(accepted) === rosterHash(roster),
    acceptedVersion: accepted?.version ?? null,
    added: names(roster).filter((site) => !names(accepted).includes(site)),
    removed: names(accepted).filter((site) => !names(roster).includes(site)),
    newKeys: changedKeys.map(({ site }) => site),
  };
}

function text(figures: ReturnType<typeof describe>, roster: Roster): string {
  const { acceptedVersion, accepted, added, removed, newKeys } = figures;
  const change = (title: string, sites: readonly string[]) =>
    sites.length > 0 ? [`  ${title} ${sites.join(", ")}`] : [];
  return `${[
    `roster version ${figures.version}${accepted ? ", accepted here" : ""}`,
    `  its words   ${figures.words}`,
    `  lead's key  ${figures.lead}`,
    ...roster.members.map((member) => `  ${member.site}: ${siteWords(member)}`),
    ...(acceptedVersion === null || accepted
      ? []
      : [
          `since version ${acceptedVersion}, accepted here:`,
          ...change("added:", added),
          ...change("removed:", removed),
          ...change("other keys:", newKeys),
        ]),
  ].join("\n")}\n`;
}

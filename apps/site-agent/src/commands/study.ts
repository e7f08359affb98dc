import { remoteOrigins } from "@fedbaps/core/blackbox/oip/origins.js";
import { Command } from "commander";
import { decide, decisionOn, readDecisions } from "../approvals.js";
import { type CommandIo, printJson, say } from "../command-io.js";
import { Home } from "../home.js";
import { loadPublic } from "../identity.js";
import { fetchOffered } from "../offered.js";
import { findOffer } from "../offers.js";
import { type HomeOption, homeFolder } from "../options.js";
import { checkPolicy, objections, readPolicy } from "../policy.js";
import { acceptedRoster } from "../roster-files.js";
import { readSiteSettings } from "../site-settings.js";
import { statement, studyText } from "../statement.js";

interface StudyOptions extends HomeOption {
  json?: boolean;
}

/** `fedbaps-site study`: what is offered to this site, and its decisions. */
export function studyCommand(io: CommandIo): Command {
  const command = new Command("study").description("look at studies, approve or decline them");
  const verb = (usage: string, description: string, act: (options: StudyOptions, name: string) => Promise<void>) => {
    const sub = command
      .command(usage)
      .description(description)
      .option("--json", "print one JSON document on standard output");
    sub.action(() => act(sub.optsWithGlobals(), sub.args[0] ?? ""));
  };
  verb("list", "the studies that are offered to this site", (options) => list(io, options));
  verb("show <name>", "what taking part would mean: what leaves this site, and what never does", (options, name) =>
    show(io, options, name),
  );
  verb("approve <name>", "take part in a study", (options, name) => approve(io, options, name));
  verb("decline <name>", "take no part in a study, or no part any more", (options, name) => decline(io, options, name));
  return command;
}

async function list(io: CommandIo, options: StudyOptions): Promise<void> {
  const home = new Home(homeFolder(io, options));
  const { member } = await loadPublic(home);
  const policy = await readPolicy(home);
  const offers = (await fetchOffered(io, home)).studies;
  const decisions = await readDecisions(home);
  const remote = await servers(home);
  const rows = offers.map(({ spec, hash }) => ({
    study: spec.name,
    hash,
    decision: decisionOn(decisions, hash) ?? "undecided",
    rounds: spec.rounds,
    budget: spec.budget,
    objections: objections(spec, policy, member.site, remote),
  }));
  if (options.json) return printJson(io, { studies: rows });
  if (rows.length === 0) say(io, "the coordinator offers this site no study now");
  for (const row of rows) {
    const note = row.objections.length > 0 ? `  against the policy: ${row.objections.join("; ")}` : "";
    io.stdout(`${row.study}  ${row.decision}  ${row.rounds} rounds  ${row.budget} queries${note}\n`);
  }
}

async function show(io: CommandIo, options: StudyOptions, name: string): Promise<void> {
  const home = new Home(homeFolder(io, options));
  const { member } = await loadPublic(home);
  const policy = await readPolicy(home);
  const { spec, hash } = findOffer((await fetchOffered(io, home)).studies, name);
  const remote = await servers(home);
  const against = objections(spec, policy, member.site, remote);
  const decision = decisionOn(await readDecisions(home), hash) ?? "undecided";
  const stated = statement(spec, policy, { site: member.site, servers: remote });
  if (options.json) return printJson(io, { study: spec, hash, decision, objections: against, ...stated });
  io.stdout(studyText(spec, hash, stated));
  io.stdout(`decision: ${decision}\n`);
  for (const line of against) io.stdout(`against the policy: ${line}\n`);
  if (policy.requirePinnedRoster && (await acceptedRoster(home)) === undefined)
    say(io, "this site has accepted no roster yet, and makes no sum without: fedbaps-site roster show");
}

async function approve(io: CommandIo, options: StudyOptions, name: string): Promise<void> {
  const home = new Home(homeFolder(io, options));
  const { member } = await loadPublic(home);
  const policy = await readPolicy(home);
  const { spec, hash } = findOffer((await fetchOffered(io, home)).studies, name);
  const remote = await servers(home);
  checkPolicy(spec, policy, member.site, remote);
  const stated = statement(spec, policy, { site: member.site, servers: remote });
  await decide(home, { study: name, hash, decision: "approved", at: new Date(io.clock.now()).toISOString() });
  if (options.json) return printJson(io, { study: name, hash, decision: "approved", ...stated });
  io.stdout(studyText(spec, hash, stated));
  io.stdout("approved\n");
}

/** Servers that this site's black box asks. @throws BlackBoxError BLACKBOX_UNKNOWN; UsageError for a faulty site.yaml */
async function servers(home: Home): Promise<string[]> {
  const blackbox = (await readSiteSettings(home.folder))?.blackbox;
  return blackbox === undefined ? [] : remoteOrigins(blackbox);
}

async function decline(io: CommandIo, options: StudyOptions, name: string): Promise<void> {
  const home = new Home(homeFolder(io, options));
  const { hash } = findOffer((await fetchOffered(io, home)).studies, name);
  await decide(home, { study: name, hash, decision: "declined", at: new Date(io.clock.now()).toISOString() });
  if (options.json) return printJson(io, { study: name, hash, decision: "declined" });
  io.stdout(`declined ${name}\n`);
}

import { readdir } from "node:fs/promises";
import { rosterHash, rosterWords, siteWords } from "@fedbaps/core/secagg/roster.js";
import { Command } from "commander";
import { activityLines, activityOf } from "../activity.js";
import { readAgentState } from "../agent-state.js";
import { readDecisions } from "../approvals.js";
import { type CommandIo, printJson, say } from "../command-io.js";
import { Home } from "../home.js";
import { loadPublic, renewalBegun, siteFingerprint } from "../identity.js";
import { KEY_AGE_DAYS, keyAgeDays } from "../key-age.js";
import { lockHolder } from "../lock.js";
import { readMembership } from "../membership.js";
import { type HomeOption, homeFolder } from "../options.js";
import { queriesToday } from "../policy/queries-today.js";
import { acceptedRoster, offeredRoster } from "../roster-files.js";
import { readSiteSettings } from "../site-settings.js";
import { readStudyStatus, type StudyStatus } from "../study-status.js";

interface StatusOptions extends HomeOption {
  json?: boolean;
}

/** `fedbaps-site status`: what the home knows, and what the agent does. Asks nobody. */
export function statusCommand(io: CommandIo): Command {
  const command = new Command("status")
    .description(
      "what the agent does now, its last error, and what this site's home knows: keys, coordinator, studies, queries",
    )
    .option("--json", "print one JSON document on standard output");
  return command.action(() => status(io, command.optsWithGlobals()));
}

async function status(io: CommandIo, options: StatusOptions): Promise<void> {
  const home = new Home(homeFolder(io, options));
  const { member, since, sealed } = await loadPublic(home);
  const keyAge = since === undefined ? null : keyAgeDays(since, io.clock.now());
  const membership = await readMembership(home);
  const settings = await readSiteSettings(home.folder);
  const roster = await acceptedRoster(home);
  const offered = (await offeredRoster(home))?.roster;
  const holder = await lockHolder(home);
  const state = await readAgentState(home);
  const activity = state === undefined ? undefined : activityOf(state);
  const decisions = await readDecisions(home);
  const names = await readdir(home.studies).catch((): string[] => []);
  const studies: StudyStatus[] = [];
  // A dot marks what an earlier study of the same name left.
  for (const name of names.filter((candidate) => !candidate.includes(".")).sort())
    studies.push(await readStudyStatus(home, name, decisions));
  const figures = {
    home: home.folder,
    site: member.site,
    fingerprint: siteFingerprint(member),
    words: siteWords(member),
    keysSince: since ?? null,
    passphrase: sealed,
    renewalBegun: await renewalBegun(home),
    coordinator: membership?.url ?? null,
    roster: roster ? { version: roster.version, words: rosterWords(roster) } : null,
    rosterWaiting: offered && (!roster || rosterHash(offered) !== rosterHash(roster)) ? offered.version : null,
    data: settings?.data ?? null,
    blackbox: settings?.blackbox ?? null,
    running: holder === undefined ? null : { pid: holder.pid, command: holder.command, since: holder.since },
    activity: activity ?? null,
    today: await queriesToday(home, io.clock.now()),
    decisions: decisions.map(({ study, decision, at }) => ({ study, decision, at })),
    studies,
  };
  if (options.json) return printJson(io, figures);
  io.stdout(`site ${figures.site} in ${figures.home}\nfingerprint ${figures.fingerprint}\nwords ${figures.words}\n`);
  if (figures.keysSince !== null) io.stdout(`keys since ${figures.keysSince}\n`);
  if (keyAge !== null && keyAge > KEY_AGE_DAYS)
    say(io, `the keys are ${keyAge} days old: make new ones with fedbaps-site renew`);
  if (figures.renewalBegun) io.stdout("new keys were begun, and not confirmed yet: fedbaps-site renew\n");
  io.stdout(`coordinator ${figures.coordinator ?? "none yet"}\n`);
  io.stdout(`roster ${figures.roster ? `version ${figures.roster.version} accepted` : "none accepted"}\n`);
  if (figures.rosterWaiting !== null)
    io.stdout(`roster version ${figures.rosterWaiting} waits for your decision: fedbaps-site roster show\n`);
  io.stdout(`data ${figures.data ?? "not set"}, black box ${figures.blackbox ?? "not set"}\n`);
  io.stdout(holder ? `in use by ${holder.command}, process ${holder.pid}, since ${holder.since}\n` : "not running\n");
  const served = holder !== undefined && holder.pid === state?.pid;
  for (const line of activity ? activityLines(activity, served, io.clock.now()) : []) io.stdout(`${line}\n`);
  const { queries, limit } = figures.today;
  if (queries > 0 || limit !== null)
    io.stdout(`black-box queries today: ${queries}${limit === null ? "" : ` of ${limit} (policy.yaml)`}\n`);
  for (const { study, decision } of figures.decisions) io.stdout(`study ${study}: ${decision}\n`);
  for (const study of studies)
    io.stdout(
      `study ${study.study}: ${counted(study.rounds, "round")} trained, ${counted(study.steps, "step")}, ${study.queries} queries, ` +
        `best version ${study.bestVersion}${study.reported ? ", reported" : ""}\n${blackboxLine(study)}`,
    );
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function blackboxLine({ byPurpose, blackbox }: StudyStatus): string {
  const { callMs, failures } = blackbox;
  if (callMs === undefined && failures === 0) return "";
  const times = callMs === undefined ? "" : `, calls ${callMs.p50} ms (half), ${callMs.p95} ms (95 %)`;
  return (
    `  black box: ${byPurpose.train} queries for training, ${byPurpose.validate + byPurpose.report} for measuring` +
    `${times}, ${failures} failed calls\n`
  );
}

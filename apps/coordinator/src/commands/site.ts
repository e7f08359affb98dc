import { UsageError } from "@fedbaps/core/common/errors.js";
import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { DEFAULT_INVITE_HOURS, KEY_AGE_DAYS, MAX_INVITE_HOURS } from "../config.js";
import { inviteAnswer, siteAnswer } from "./answers.js";
import { dateText, table } from "./output.js";
import { type Call, remote } from "./remote.js";

const DAY = 24 * 3_600_000;

const fullSiteAnswer = siteAnswer.extend({
  words: z.string().nullable(),
  keysSince: z.number().nullable(),
  inviteExpiresAt: z.number().nullable(),
  createdAt: z.number(),
  bytesUp: z.number(),
  bytesDown: z.number(),
});
type Site = z.infer<typeof fullSiteAnswer>;
const sitesAnswer = z.looseObject({ sites: z.array(fullSiteAnswer), next: z.string().nullable() });

/** `site invite|list|show|approve|revoke` */
export function siteCommand(): Command {
  const site = new Command("site").description("hospitals: invite, look at, approve, revoke");

  const invite = site
    .command("invite <name>")
    .description("make a one-time code by which a site enrols; an earlier code of that site counts no longer")
    .option("--expires-hours <n>", `how long it can be used, up to ${MAX_INVITE_HOURS}`, hours, DEFAULT_INVITE_HOURS);
  remote(invite, async (call, output, name) => {
    const { expiresHours }: { expiresHours: number } = invite.opts();
    const made = await call("POST", "/invites", inviteAnswer, { site: name, expiresInHours: expiresHours });
    output.result(made, [
      `invite:   ${made.invite}`,
      `expires:  ${dateText(made.expiresAt)} UTC`,
      "",
      `Give it to ${name} over a channel that you trust. It works once. It also carries the fingerprint of this`,
      "coordinator's key; a site sends nothing to a server that does not hold that key:",
      `  ${made.fingerprint}`,
      "The key does not authenticate later connections; TLS does. Put a TLS proxy before the coordinator.",
    ]);
  });

  remote(site.command("list").description("all sites, and invites that are open"), async (call, output) => {
    const sites = await allSites(call);
    const now = Date.now();
    const rows = sites.map((row) => [
      row.site,
      statusOf(row),
      row.connected ? "yes" : "no",
      dateText(row.lastMessage),
      row.keysSince === null ? "" : `${dateText(row.keysSince).slice(0, 10)}${isOld(row, now) ? " (old)" : ""}`,
      row.words ?? "",
    ]);
    output.result({ sites }, table(["site", "status", "connected", "last message", "keys since", "words"], rows));
    for (const row of sites) if (isOld(row, now)) output.note(oldKeys(row));
  });

  remote(site.command("show <name>").description("everything about one site"), async (call, output, name) => {
    const row = (await allSites(call)).find((candidate) => candidate.site === name);
    if (row === undefined) throw new UsageError(`there is no site ${name}; invite it with: site invite ${name}`);
    output.result(row, [
      `site          ${row.site}`,
      `status        ${statusOf(row)}`,
      `words         ${row.words ?? "none yet"}`,
      `fingerprint   ${row.fingerprint ?? "none yet"}`,
      `keys since    ${row.keysSince === null ? "none yet" : `${dateText(row.keysSince)} UTC`}`,
      `connected     ${row.connected ? "yes" : "no"}`,
      `last message  ${dateText(row.lastMessage)}`,
      `bytes         ${row.bytesUp} from the site, ${row.bytesDown} to it`,
    ]);
    if (isOld(row, Date.now())) output.note(oldKeys(row));
  });

  const approve = site
    .command("approve <name>")
    .description("admit a site that has enrolled")
    .option("--words <words>", "the eight words as the site reads them to you; others are refused")
    .option("--fingerprint <hex>", "the fingerprint as the site gave it; another is refused");
  remote(approve, async (call, output, name) => {
    const heard: { words?: string; fingerprint?: string } = approve.opts();
    const body = {
      ...(heard.words === undefined ? {} : { words: heard.words }),
      ...(heard.fingerprint === undefined ? {} : { fingerprint: heard.fingerprint }),
    };
    const row = await call("POST", `/sites/${pathOf(name)}/approve`, fullSiteAnswer, body);
    const compared = heard.words !== undefined || heard.fingerprint !== undefined;
    output.result(row, [
      `${name} is approved${compared ? ", with the keys that you compared" : ""}.`,
      `Its words:       ${row.words}`,
      `Its fingerprint: ${row.fingerprint}`,
      ...(compared ? [] : [`Compare the words with the site by telephone. If it shows others: site revoke ${name}`]),
    ]);
  });

  remote(site.command("revoke <name>").description("shut a site out, at once"), async (call, output, name) => {
    const row = await call("POST", `/sites/${pathOf(name)}/revoke`, fullSiteAnswer);
    output.result(row, [`${name} is revoked: it is disconnected and takes part in no further round.`]);
  });

  return site;
}

async function allSites(call: Call): Promise<Site[]> {
  const sites: Site[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const from: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: z.infer<typeof sitesAnswer> = await call("GET", `/sites?limit=200${from}`, sitesAnswer);
    sites.push(...page.sites);
    cursor = page.next;
  }
  return sites;
}

function statusOf({ status, inviteExpiresAt }: Site): string {
  if (status !== "invited") return status;
  return inviteExpiresAt === null ? "invited, expired" : `invited until ${dateText(inviteExpiresAt).slice(0, 16)}`;
}

function isOld({ keysSince, status }: Site, now: number): boolean {
  return keysSince !== null && status !== "revoked" && now - keysSince > KEY_AGE_DAYS * DAY;
}

function oldKeys({ site }: Site): string {
  return `the keys of ${site} are more than ${KEY_AGE_DAYS} days old: ask it for new ones (fedbaps-site renew)`;
}

/** @throws UsageError for what cannot be a site's name */
function pathOf(name: string): string {
  const parsed = nameSchema.safeParse(name);
  if (!parsed.success) throw new UsageError(`${name} is no site's name: ${parsed.error.issues[0].message}`);
  return name;
}

function hours(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > MAX_INVITE_HOURS)
    throw new InvalidArgumentError(`give a whole number from 1 to ${MAX_INVITE_HOURS}.`);
  return value;
}

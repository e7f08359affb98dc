import { Command } from "commander";
import { inviteAnswer, siteAnswer, sitesAnswer } from "./answers.js";
import { dateText, table } from "./output.js";
import { remote } from "./remote.js";

/** `site invite|list|approve|revoke` */
export function siteCommand(): Command {
  const site = new Command("site").description("hospitals: invite, approve, revoke");

  remote(
    site.command("invite <name>").description("make a one-time code by which a site enrols"),
    async (call, output, name) => {
      const invite = await call("POST", "/invites", inviteAnswer, { site: name });
      output.result(invite, [
        `invite:   ${invite.invite}`,
        `expires:  ${dateText(invite.expiresAt)} UTC`,
        "",
        `Give it to ${name} over a channel that you trust. It works once. It also carries the fingerprint of this`,
        "coordinator's key; a site does not enrol where another key is shown:",
        `  ${invite.fingerprint}`,
        "The key does not authenticate the connection itself; TLS does. Put a TLS proxy before the coordinator.",
      ]);
    },
  );

  remote(site.command("list").description("all sites"), async (call, output) => {
    const { sites } = await call("GET", "/sites", sitesAnswer);
    const rows = sites.map((row) => [
      row.site,
      row.status,
      row.connected ? "yes" : "no",
      dateText(row.lastMessage),
      row.fingerprint ?? "",
    ]);
    output.result({ sites }, table(["site", "status", "connected", "last message", "key"], rows));
  });

  remote(site.command("approve <name>").description("admit a site that has enrolled"), async (call, output, name) => {
    const row = await call("POST", `/sites/${encodeURIComponent(name)}/approve`, siteAnswer);
    output.result(row, [
      `${name} is approved.`,
      `Its key: ${row.fingerprint}`,
      `If that is not what the site shows: site revoke ${name}`,
    ]);
  });

  remote(site.command("revoke <name>").description("shut a site out, at once"), async (call, output, name) => {
    const row = await call("POST", `/sites/${encodeURIComponent(name)}/revoke`, siteAnswer);
    output.result(row, [`${name} is revoked: it is disconnected and takes part in no further round.`]);
  });

  return site;
}

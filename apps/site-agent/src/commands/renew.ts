import { memberOf } from "@fedbaps/core/secagg/keys.js";
import { siteWords } from "@fedbaps/core/secagg/roster.js";
import { Command } from "commander";
import { type CommandIo, printJson, say } from "../command-io.js";
import { readRoute } from "../coordinator-route.js";
import { Home } from "../home.js";
import { loadDated, siteFingerprint } from "../identity.js";
import { lockHome } from "../lock.js";
import { checkUrl, loadMembership } from "../membership.js";
import { type HomeOption, homeFolder } from "../options.js";
import { passphraseOf } from "../passphrase.js";
import { readPolicy } from "../policy.js";
import { renew } from "../renewal.js";

interface RenewOptions extends HomeOption {
  readonly json?: boolean;
}

/** `fedbaps-site renew`: new keys for an enrolled site. */
export function renewCommand(io: CommandIo): Command {
  const command = new Command("renew")
    .description("make new keys in the place of this site's own; the site stays enrolled and approved")
    .option("--json", "print one JSON document on standard output")
    .addHelpText(
      "after",
      "\nStop the agent first. If this is cut off, give it again: it goes on with the same new keys.",
    );
  return command.action(() => run(io, command.optsWithGlobals()));
}

async function run(io: CommandIo, options: RenewOptions): Promise<void> {
  const home = new Home(homeFolder(io, options), passphraseOf(io));
  await home.requireInitialised();
  const membership = await loadMembership(home);
  checkUrl(membership.url, await readPolicy(home));
  const release = await lockHome(home, { command: "fedbaps-site renew", now: io.clock.now() });
  try {
    const { clock, random, signal } = io;
    const route = await readRoute(membership.url, io.env, home.folder);
    const identity = await renew({ home, membership, clock, random, signal, route });
    const { since = null } = await loadDated(home);
    const words = siteWords(memberOf(identity));
    const figures = { site: identity.site, fingerprint: siteFingerprint(identity), words, keysSince: since };
    if (options.json) return printJson(io, figures);
    io.stdout(`site ${figures.site} has new keys\nfingerprint ${figures.fingerprint}\nwords ${words}\n`);
    say(io, "next: read the words to the study lead, who signs the next roster (fedbaps-coordinator roster sign);");
    say(io, "every site then accepts it (fedbaps-site roster accept). Until then this site takes part in no sum.");
  } finally {
    await release();
  }
}

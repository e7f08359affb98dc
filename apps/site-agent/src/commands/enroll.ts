import { readFile } from "node:fs/promises";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { fingerprint, memberOf } from "@fedbaps/core/secagg/keys.js";
import { siteWords } from "@fedbaps/core/secagg/roster.js";
import { Command } from "commander";
import { type CommandIo, printJson, say } from "../command-io.js";
import { readRoute } from "../coordinator-route.js";
import { enrol } from "../enrol.js";
import { Home } from "../home.js";
import { loadIdentity, siteFingerprint } from "../identity.js";
import { lockHome } from "../lock.js";
import { checkUrl, saveMembership } from "../membership.js";
import { type HomeOption, homeFolder } from "../options.js";
import { passphraseOf } from "../passphrase.js";
import { readPolicy } from "../policy.js";

interface EnrollOptions extends HomeOption {
  coordinator: string;
  code?: string;
  codeFile?: string;
  fingerprint?: string;
  trustOnFirstUse?: boolean;
  json?: boolean;
}

/** `fedbaps-site enroll`: joins a coordinator with a one-time invite. */
export function enrollCommand(io: CommandIo): Command {
  const command = new Command("enroll")
    .description("join a coordinator with a one-time invite code")
    .requiredOption("--coordinator <url>", "its address, as https://HOST")
    .option("--code <code>", "the invite (or FEDBAPS_INVITE_CODE, or --code-file, or typed when asked)")
    .option("--code-file <file>", "a file with the invite")
    .option(
      "--fingerprint <hex>",
      "the coordinator's fingerprint, where the invite does not carry it; another is refused",
    )
    .option("--trust-on-first-use", "take whatever key the coordinator shows, where no fingerprint is known")
    .option("--json", "print one JSON document on standard output");
  return command.action(() => enroll(io, command.optsWithGlobals()));
}

async function enroll(io: CommandIo, options: EnrollOptions): Promise<void> {
  const home = new Home(homeFolder(io, options), passphraseOf(io));
  const identity = await loadIdentity(home);
  const url = checkUrl(options.coordinator, await readPolicy(home));
  const route = await readRoute(url, io.env, home.folder);
  const invite = await readInvite(io, options);
  const release = await lockHome(home, { command: "fedbaps-site enroll", now: io.clock.now() });
  try {
    const { fingerprint: expected, trustOnFirstUse = false } = options;
    const { random, signal } = io;
    const membership = await enrol({ identity, url, invite, expected, trustOnFirstUse, random, signal, route });
    await saveMembership(home, membership);
    const figures = {
      site: identity.site,
      fingerprint: siteFingerprint(identity),
      words: siteWords(memberOf(identity)),
      coordinator: url,
      coordinatorFingerprint: fingerprint(membership.publicKey),
    };
    if (options.json) return printJson(io, figures);
    io.stdout(`site ${figures.site}\nfingerprint ${figures.fingerprint}\nwords ${figures.words}\n`);
    io.stdout(`coordinator ${url}\ncoordinator fingerprint ${figures.coordinatorFingerprint}\n`);
    say(
      io,
      "next: read the site's words to the study lead, who compares them and approves; then: fedbaps-site roster show",
    );
  } finally {
    await release();
  }
}

async function readInvite(io: CommandIo, { code, codeFile }: EnrollOptions): Promise<string> {
  if (code !== undefined) return code;
  if (codeFile !== undefined)
    try {
      return await readFile(codeFile, "utf8");
    } catch (error) {
      throw new UsageError(`cannot read --code-file ${codeFile}: ${messageOf(error)}`);
    }
  const found = io.env.FEDBAPS_INVITE_CODE ?? (await io.ask?.("invite code: "));
  if (!found) throw new UsageError("no invite code: give --code CODE, --code-file FILE or FEDBAPS_INVITE_CODE");
  return found;
}

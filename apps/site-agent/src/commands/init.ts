import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { parseAddress } from "@fedbaps/core/blackbox/oip/address.js";
import { absoluteSpec, parseSpec, SPEC_HELP } from "@fedbaps/core/blackbox/spec.js";
import { writeFileAtomic } from "@fedbaps/core/common/atomic-file.js";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { createIdentity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { siteWords } from "@fedbaps/core/secagg/roster.js";
import { nameSchema } from "@fedbaps/core/wire/primitives.js";
import { Command } from "commander";
import { type CommandIo, printJson, say } from "../command-io.js";
import { AgentError } from "../errors.js";
import { Home, unwritable } from "../home.js";
import { saveIdentity, siteFingerprint } from "../identity.js";
import { type HomeOption, homeFolder } from "../options.js";
import { newPassphrase } from "../passphrase.js";
import { POLICY_TEXT } from "../policy.js";
import { siteSettingsText } from "../site-settings.js";
import { readIfThere } from "../yaml-file.js";

interface InitOptions extends HomeOption {
  site?: string;
  data?: string;
  blackbox?: string;
  passphrase?: boolean;
  json?: boolean;
}

/** `fedbaps-site init`: makes the home: identity, site.yaml, policy.yaml. */
export function initCommand(io: CommandIo): Command {
  const command = new Command("init")
    .description("make this site's home: its identity, site.yaml and policy.yaml")
    .option("--site <name>", "the site's name: lower-case letters, digits, hyphens (default: this computer's name)")
    .option("--data <dir>", "the site's folder with images/ and masks/")
    .option("--blackbox <spec>", SPEC_HELP)
    .option(
      "--passphrase",
      "encrypt the keys under a passphrase: FEDBAPS_PASSPHRASE_FILE, FEDBAPS_PASSPHRASE, or typed",
    )
    .option("--json", "print one JSON document on standard output");
  return command.action(() => init(io, command.optsWithGlobals()));
}

async function init(io: CommandIo, options: InitOptions): Promise<void> {
  const home = new Home(homeFolder(io, options));
  const site = siteName(options.site);
  if ((await readIfThere(home.identity)) !== undefined)
    throw new AgentError(
      "HOME_EXISTS",
      `${home.folder} holds a site already; nothing was changed. Choose another --home`,
    );
  const data = options.data === undefined ? {} : { data: resolve(options.data) };
  const blackbox = options.blackbox === undefined ? {} : { blackbox: givenSpec(options.blackbox) };
  const passphrase = options.passphrase ? await newPassphrase(io) : undefined;
  await home.create();
  const identity = createIdentity(site, io.random);
  try {
    await keepOrWrite(home.policy, POLICY_TEXT);
    await writeFileAtomic(home.site, siteSettingsText({ site, ...data, ...blackbox }));
    // Last: a home with an identity is complete.
    await saveIdentity(home, identity, { since: new Date(io.clock.now()).toISOString(), passphrase });
  } catch (error) {
    throw unwritable(home.folder, error);
  }
  const fingerprint = siteFingerprint(identity);
  const words = siteWords(memberOf(identity));
  if (options.json) return printJson(io, { home: home.folder, site, fingerprint, words });
  io.stdout(`site ${site} in ${home.folder}\nfingerprint ${fingerprint}\nwords ${words}\n`);
  if (data.data !== undefined && !(await isFolder(data.data)))
    say(io, `note: ${data.data} is no folder now; mend data: in ${home.site} if it should be`);
  say(io, `next: read ${home.policy}, then: fedbaps-site enroll --coordinator URL`);
}

/** A policy that somebody prepared is theirs. */
async function keepOrWrite(file: string, text: string): Promise<void> {
  if ((await readIfThere(file)) === undefined) await writeFileAtomic(file, text);
}

/** @throws UsageError for what names no black box: before anything is made */
function givenSpec(text: string): string {
  try {
    const { provider, places } = parseSpec(text);
    // A server's address with a password in it would be shown by `status`: no such address is taken.
    if (provider === "oip") parseAddress(places[0]);
    return absoluteSpec(text);
  } catch (error) {
    throw new UsageError(`--blackbox: ${messageOf(error)}`);
  }
}

/** Data may be mounted later, so this is only told. */
function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

function siteName(given: string | undefined): string {
  const name =
    given ??
    hostname()
      .toLowerCase()
      .replace(/[^a-z0-9-]/g, "-")
      .replace(/^-+/, "")
      .slice(0, 63);
  const parsed = nameSchema.safeParse(name);
  if (!parsed.success) throw new UsageError(`--site ${name}: ${parsed.error.issues[0].message}`);
  return name;
}

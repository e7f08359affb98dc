import { Command } from "commander";
import { type CommandIo, say } from "../command-io.js";
import { AgentError } from "../errors.js";
import { Home } from "../home.js";
import { loadDated, loadPublic, renewalBegun, saveIdentity } from "../identity.js";
import { lockHome } from "../lock.js";
import { type HomeOption, homeFolder } from "../options.js";
import { newPassphrase, passphraseOf } from "../passphrase.js";

interface PassphraseOptions extends HomeOption {
  readonly newFile?: string;
  readonly remove?: boolean;
}

/** `fedbaps-site passphrase`: puts the site's keys under a passphrase, changes it, or takes it away. */
export function passphraseCommand(io: CommandIo): Command {
  const command = new Command("passphrase")
    .description("encrypt this site's keys under a passphrase, change it, or take it away")
    .option("--new-file <file>", "a file with the new one (else it is typed; the old one comes as for `run`)")
    .option("--remove", "keep the keys without a passphrase, readable by their owner only");
  return command.action(() => change(io, command.optsWithGlobals()));
}

async function change(io: CommandIo, { newFile, remove, ...options }: PassphraseOptions): Promise<void> {
  const home = new Home(homeFolder(io, options), passphraseOf(io));
  const { sealed } = await loadPublic(home);
  if (remove && !sealed) return say(io, "the keys are under no passphrase; nothing was changed");
  const release = await lockHome(home, { command: "fedbaps-site passphrase", now: io.clock.now() });
  try {
    // Two files cannot be changed at once.
    if (await renewalBegun(home))
      throw new AgentError("RENEW_REFUSED", "new keys were begun and not confirmed yet; first: fedbaps-site renew");
    const current = await loadDated(home);
    // The environment holds the old one where there is one, so the new one comes from elsewhere.
    const env = newFile === undefined ? (sealed ? {} : io.env) : { FEDBAPS_PASSPHRASE_FILE: newFile };
    const passphrase = remove ? undefined : await newPassphrase({ ...io, env });
    await saveIdentity(home, current.identity, { since: current.since, passphrase });
  } finally {
    await release();
  }
  say(io, remove ? "the keys are kept without a passphrase now" : "the keys are under the new passphrase now");
}

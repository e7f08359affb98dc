import { readFile } from "node:fs/promises";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import type { CommandIo } from "./command-io.js";

/** Gives the passphrase of a home's keys; undefined when there is none to be had. Asked once, it gives the same again. */
export type PassphraseSource = () => Promise<string | undefined>;

/** Where a passphrase comes from, for error texts and help. */
export const PASSPHRASE_WAYS = "FEDBAPS_PASSPHRASE_FILE (a file with it), FEDBAPS_PASSPHRASE, or the terminal";

/**
 * The passphrase in the environment: a file that FEDBAPS_PASSPHRASE_FILE names (a service manager's credential, a mounted
 * secret), less a line end; else FEDBAPS_PASSPHRASE.
 * @throws UsageError when the file cannot be read
 */
export async function givenPassphrase({ env }: Pick<CommandIo, "env">): Promise<string | undefined> {
  const { FEDBAPS_PASSPHRASE_FILE: file, FEDBAPS_PASSPHRASE: text } = env;
  if (!file) return text || undefined;
  try {
    return (await readFile(file, "utf8")).replace(/\r?\n$/, "") || undefined;
  } catch (error) {
    throw new UsageError(`cannot read FEDBAPS_PASSPHRASE_FILE ${file}: ${messageOf(error)}`);
  }
}

/** From the environment, else from the person at the terminal. */
export function passphraseOf(io: CommandIo): PassphraseSource {
  let found: Promise<string | undefined> | undefined;
  return () => {
    found ??= givenPassphrase(io).then((given) => given ?? io.askSecret?.("passphrase of this site's keys: "));
    return found;
  };
}

/** A new one: from the environment, else typed twice. @throws UsageError when there is none, or the two differ */
export async function newPassphrase(io: CommandIo): Promise<string> {
  const given = await givenPassphrase(io);
  if (given !== undefined) return given;
  const typed = await io.askSecret?.("new passphrase: ");
  if (!typed) throw new UsageError(`no passphrase: give it by ${PASSPHRASE_WAYS}`);
  if ((await io.askSecret?.("the same again: ")) !== typed)
    throw new UsageError("the two passphrases differ; nothing was changed");
  return typed;
}

import { replaceFile } from "@fedbaps/core/common/atomic-file.js";
import { passingSalt, type SaltSource } from "@fedbaps/core/data/patients.js";
import type { RandomBytes } from "@fedbaps/core/secagg/keys.js";
import { AgentError } from "./errors.js";
import type { Home } from "./home.js";
import { readIfThere } from "./yaml-file.js";

const BYTES = 32;
const TEXT = /^[0-9a-f]{64}\n?$/;

async function stored(file: string): Promise<Uint8Array | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  // A new salt would do no harm, but a file that somebody else wrote is not to be lost.
  if (!TEXT.test(text))
    throw new AgentError("HOME_DAMAGED", `${file} is damaged; delete it, and a new one is made`, { file });
  return new Uint8Array(Buffer.from(text.trim(), "hex"));
}

/**
 * The site's salt for patients' names: 32 bytes of the system's generator, made at first use, in `<home>/patient-salt` for
 * its owner only. Where there is no home, or it cannot be written to, one for this process alone: splits do not depend on it.
 */
export function siteSalt(home: Home, random: RandomBytes): SaltSource {
  let salt: Promise<Uint8Array> | undefined;
  const find = async (): Promise<Uint8Array> => {
    const file = home.patientSalt;
    const known = await stored(file);
    if (known || !(await home.isInitialised())) return known ?? passingSalt();
    const text = `${Buffer.from(random(BYTES)).toString("hex")}\n`;
    const written = await replaceFile(file, text, 0o600).then(
      () => true,
      () => false,
    );
    // Read again: another process may have made one at the same time.
    return (written ? await stored(file) : undefined) ?? passingSalt();
  };
  return () => {
    salt ??= find();
    return salt;
  };
}

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { root } from "./support.js";

/** Runs infra/scripts/make-secrets.sh in a folder of its own. */
export async function makeSecrets(...names: string[]) {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, "scripts"));
  const script = join(folder, "scripts/make-secrets.sh");
  cpSync(`${root}/infra/scripts/make-secrets.sh`, script);
  const make = (...more: string[]) =>
    execFileSync(script, more, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  make(...names);
  const path = (file: string) => join(folder, "secrets", file);
  return { make, path, read: (file: string) => readFileSync(path(file), "utf8") };
}

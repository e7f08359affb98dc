import { readFileSync } from "node:fs";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";

/**
 * Where the PostgreSQL is: `DATABASE_URL`, with the password from the file that `DATABASE_PASSWORD_FILE` names, where it
 * is set. Container platforms hand secrets over as files, and what is in the environment shows in many places.
 * @returns undefined for the embedded database
 * @throws UsageError for a file that cannot be read or is empty, and for an address that it cannot belong to
 */
export function databaseUrl(environment: NodeJS.ProcessEnv): string | undefined {
  const url = environment.DATABASE_URL || undefined;
  const file = environment.DATABASE_PASSWORD_FILE || undefined;
  if (file === undefined) return url;
  const password = readPassword(file);
  const parsed = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed?.host || parsed.password !== "")
    throw new UsageError(
      "DATABASE_PASSWORD_FILE goes with a DATABASE_URL without a password; write that as postgres://USER@HOST/NAME",
    );
  // The setter leaves a percent sign as it is.
  parsed.password = encodeURIComponent(password);
  return parsed.href;
}

function readPassword(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read DATABASE_PASSWORD_FILE: ${messageOf(error)}`);
  }
  const password = text.replace(/\r?\n$/, "");
  if (password === "") throw new UsageError(`DATABASE_PASSWORD_FILE ${file} is empty; write the password into it`);
  return password;
}

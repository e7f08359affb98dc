import { readFile } from "node:fs/promises";
import { BlackBoxError } from "../model.js";
import type { OipAddress } from "./address.js";

/** How tensors are written: as JSON, or by the binary tensor data extension. */
export type OipEncoding = "json" | "binary";

/** What a person may set for a model on a server. */
export interface OipSettings {
  /** Leading size of the tensors in one request at most; by default what the server says, 8 at most. 1 to 1024. */
  readonly batch: number | undefined;
  /** Requests under way at once, 1 to 64. */
  readonly concurrency: number;
  /** Seconds that one request may take, 1 to 3600. */
  readonly timeout: number;
  /** How often a request that failed for a passing reason is sent again, 0 to 20. */
  readonly retries: number;
  /** By default binary where the server says that it has the extension. */
  readonly encoding: OipEncoding | undefined;
  /** A file whose one line is the bearer token. */
  readonly tokenFile: string | undefined;
}

/** Whole numbers: the least, the most, and what holds where nothing is set. */
const NUMBERS = {
  batch: { least: 1, most: 1024, standard: undefined },
  concurrency: { least: 1, most: 64, standard: 4 },
  timeout: { least: 1, most: 3600, standard: 120 },
  retries: { least: 0, most: 20, standard: 5 },
} as const;

/** Names of the settings that may follow the URL. */
export const OIP_SETTINGS: readonly string[] = [...Object.keys(NUMBERS), "encoding", "token-file"];

/** Names the variable that holds the bearer token where no file is given. */
export const OIP_TOKEN_VARIABLE = "FEDBAPS_BLACKBOX_TOKEN";

/**
 * Reads the settings.
 * @throws BlackBoxError BLACKBOX_UNKNOWN for a setting that there is not, or a value out of its range.
 */
export function parseOipSettings(given: Readonly<Record<string, string>>): OipSettings {
  for (const name of Object.keys(given))
    if (!OIP_SETTINGS.includes(name))
      throw wrong(`unknown setting "${name}" of a model on a server: there are ${OIP_SETTINGS.join(", ")}`);
  const own = (name: string) => (Object.hasOwn(given, name) ? given[name] : undefined);
  const number = <Standard>(name: keyof typeof NUMBERS, standard: Standard): number | Standard => {
    const text = own(name);
    if (text === undefined) return standard;
    const { least, most } = NUMBERS[name];
    const value = Number(text);
    if (!/^\d{1,6}$/.test(text) || value < least || value > most)
      throw wrong(`the setting ${name}=${text} must be a whole number from ${least} to ${most}`);
    return value;
  };
  const encoding = own("encoding");
  if (encoding !== undefined && encoding !== "json" && encoding !== "binary")
    throw wrong(`the setting encoding=${encoding} must be json or binary`);
  return {
    batch: number("batch", NUMBERS.batch.standard),
    concurrency: number("concurrency", NUMBERS.concurrency.standard),
    timeout: number("timeout", NUMBERS.timeout.standard),
    retries: number("retries", NUMBERS.retries.standard),
    encoding,
    tokenFile: own("token-file"),
  };
}

/**
 * The bearer token for a server: of the file, else of FEDBAPS_BLACKBOX_TOKEN, else none. No message shows it.
 * @throws BlackBoxError BLACKBOX_FILE when the file cannot be read or holds no token; BLACKBOX_UNKNOWN when the variable
 * holds none; BLACKBOX_REFUSED when it would travel by plain http to another machine.
 */
export async function readToken(
  settings: OipSettings,
  env: Readonly<Record<string, string | undefined>>,
  address: OipAddress,
): Promise<string | undefined> {
  const token = settings.tokenFile === undefined ? tokenOf(env) : await tokenIn(settings.tokenFile);
  if (token !== undefined && !address.secure && !address.loopback)
    throw new BlackBoxError(
      "BLACKBOX_REFUSED",
      `a token would travel readable to ${address.origin}: use https there, or give no token (setting token-file, variable ${OIP_TOKEN_VARIABLE})`,
    );
  return token;
}

async function tokenIn(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? "unreadable";
    throw new BlackBoxError("BLACKBOX_FILE", `cannot read the token file ${file}: ${why}`);
  }
  const token = text.trim();
  if (!isToken(token))
    throw new BlackBoxError("BLACKBOX_FILE", `the token file ${file} must hold one line: the token, without spaces`);
  return token;
}

function tokenOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const token = env[OIP_TOKEN_VARIABLE]?.trim();
  if (token === undefined || token === "") return undefined;
  if (!isToken(token)) throw wrong(`${OIP_TOKEN_VARIABLE} must be a token without spaces or line breaks`);
  return token;
}

/** What a header can carry: visible ASCII. */
function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

function wrong(message: string): BlackBoxError {
  return new BlackBoxError("BLACKBOX_UNKNOWN", message);
}

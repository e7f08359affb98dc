import type { Command } from "commander";
import type { z } from "zod";
import { DEFAULT_PORT, defaultHome, urlOf } from "../config.js";
import { type ApiAccess, type ApiMethod, apiBase, callApi, readToken } from "./api-client.js";
import { createOutput, type Output } from "./output.js";

export interface RemoteOptions {
  url?: string;
  home?: string;
  tokenFile?: string;
  insecureHttp?: boolean;
  json?: boolean;
}

export type Call = <T>(method: ApiMethod, path: string, schema: z.ZodType<T>, body?: unknown) => Promise<T>;

/** Adds the options of every command that talks to a running coordinator. */
export function remoteOptions(command: Command): Command {
  return command
    .option("--url <url>", "the coordinator's address (or FEDBAPS_URL)")
    .option("--token-file <file>", "file with a token (or FEDBAPS_TOKEN, FEDBAPS_ADMIN_TOKEN)")
    .option("--home <folder>", "where to look for the token file", defaultHome())
    .option("--insecure-http", "allow plain HTTP to another machine")
    .option("--json", "one JSON document on stdout");
}

/** Where the coordinator is, and what shows who asks. @throws UsageError */
export function accessOf(options: RemoteOptions): ApiAccess {
  const given = options.url ?? process.env.FEDBAPS_URL ?? urlOf("127.0.0.1", DEFAULT_PORT);
  const url = apiBase(given, options.insecureHttp === true);
  return { url, token: readToken(process.env, options.home ?? defaultHome(), options.tokenFile) };
}

/** Adds the same options, and the command's action. */
export function remote(
  command: Command,
  run: (call: Call, output: Output, ...words: string[]) => Promise<void>,
): Command {
  return remoteOptions(command).action(async (...parameters: unknown[]) => {
    const words = parameters.filter((parameter): parameter is string => typeof parameter === "string");
    const options: RemoteOptions = command.opts();
    const access = accessOf(options);
    const call: Call = (method, path, schema, body) => callApi(access, method, path, schema, body);
    await run(call, createOutput(options.json === true), ...words);
  });
}

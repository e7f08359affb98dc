import type { Command } from "commander";
import type { z } from "zod";
import { DEFAULT_PORT, defaultHome, urlOf } from "../config.js";
import { apiBase, callApi, readToken } from "./api-client.js";
import { createOutput, type Output } from "./output.js";

interface RemoteOptions {
  url?: string;
  home?: string;
  tokenFile?: string;
  insecureHttp?: boolean;
  json?: boolean;
}

export type Call = <T>(method: "GET" | "POST", path: string, schema: z.ZodType<T>, body?: unknown) => Promise<T>;

/** Adds the options of every command that talks to a running coordinator, and its action. */
export function remote(
  command: Command,
  run: (call: Call, output: Output, ...words: string[]) => Promise<void>,
): Command {
  return command
    .option("--url <url>", "the coordinator's address (or FEDBAPS_URL)")
    .option("--token-file <file>", "file with the admin token (or FEDBAPS_ADMIN_TOKEN)")
    .option("--home <folder>", "where to look for the token file", defaultHome())
    .option("--insecure-http", "allow plain HTTP to another machine")
    .option("--json", "one JSON document on stdout")
    .action(async (...parameters: unknown[]) => {
      const words = parameters.filter((parameter): parameter is string => typeof parameter === "string");
      const options: RemoteOptions = command.opts();
      const given = options.url ?? process.env.FEDBAPS_URL ?? urlOf("127.0.0.1", DEFAULT_PORT);
      const url = apiBase(given, options.insecureHttp === true);
      const access = { url, token: readToken(process.env, options.home ?? defaultHome(), options.tokenFile) };
      const call: Call = (method, path, schema, body) => callApi(access, method, path, schema, body);
      await run(call, createOutput(options.json === true), ...words);
    });
}

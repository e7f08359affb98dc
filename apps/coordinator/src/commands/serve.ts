import { randomBytes } from "node:crypto";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";
import { Command } from "commander";
import type { Coordinator } from "../app.js";
import { adminTokenFile, checkProxies, DEFAULT_HOST, DEFAULT_PORT, defaultHome } from "../config.js";
import { databaseUrl } from "../database-url.js";
import { createLogger } from "../log.js";
import type { TlsFiles } from "../tls-files.js";
import { createOutput } from "./output.js";

interface ServeOptions {
  host: string;
  port: string;
  home: string;
  insecureHttp?: boolean;
  tlsCert?: string;
  tlsKey?: string;
  trustProxy?: string[];
  jsonLog?: boolean;
  json?: boolean;
}

/** `serve`: runs until it is told to stop. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("run the coordinator")
    .addHelpText(
      "after",
      "\nDATABASE_URL=postgres://USER:PASSWORD@HOST/NAME keeps everything in that PostgreSQL instead of --home. Several\n" +
        "coordinators may use one: they are one coordinator then, and each study is driven by one of them. Each needs a\n" +
        "--home of its own on the same machine. DATABASE_PASSWORD_FILE names a file with the password that the address\n" +
        "lacks.",
    )
    .option("--host <address>", "address to listen on", DEFAULT_HOST)
    .option("--port <number>", "port to listen on; 0 takes a free one", String(DEFAULT_PORT))
    .option("--home <folder>", "where keys and database are kept", defaultHome())
    .option("--insecure-http", "allow plain HTTP on an address that others can reach")
    .option("--tls-cert <file>", "speak TLS: the certificate with its chain, PEM; read again at SIGHUP")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--trust-proxy <address...>", "addresses or networks of TLS proxies on other machines, to be believed")
    .option("--json-log", "log JSON lines instead of text")
    .option("--json", "print one JSON line with url and fingerprint when ready")
    .action(async (options: ServeOptions) => {
      if (!/^\d{1,5}$/.test(options.port)) throw new UsageError(`--port must be 0 to 65535, not ${options.port}`);
      const output = createOutput(options.json === true);
      const stopping = stopSignal();
      // Loaded here: the other commands need none of it, and start in a fraction of the time.
      const { startCoordinator } = await import("../app.js");
      const starting = startCoordinator({
        home: options.home,
        databaseUrl: databaseUrl(process.env),
        host: options.host,
        port: Number(options.port),
        insecureHttp: options.insecureHttp === true,
        tls: tlsFiles(options),
        trustedProxies: checkProxies(options.trustProxy ?? []),
        clock: systemClock,
        logger: createLogger(process.stderr, { json: options.jsonLog === true, now: systemClock.now }),
        random: randomBytes,
        note: output.note,
      });
      // A new database takes seconds to make; it is made in one piece, so leaving in the middle spoils nothing.
      const first = await Promise.race([starting, stopping]);
      if (first === undefined) process.exit(0);
      announce(first, options.home, output);
      if (options.tlsCert !== undefined) process.on("SIGHUP", () => renew(first, output));
      await stopping;
      await first.close();
    });
}

/** @throws UsageError for one file without the other */
function tlsFiles({ tlsCert, tlsKey }: ServeOptions): TlsFiles | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError("--tls-cert and --tls-key belong together: give both");
  return tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey };
}

function renew(coordinator: Coordinator, output: ReturnType<typeof createOutput>): void {
  try {
    coordinator.renewCertificate();
    output.note("the certificate was read again");
  } catch (error) {
    output.note(`${messageOf(error)}; going on with the certificate as it was`);
  }
}

function announce(coordinator: Coordinator, home: string, output: ReturnType<typeof createOutput>): void {
  const { url, fingerprint, newAdminToken } = coordinator;
  if (newAdminToken !== undefined)
    output.note(`admin token, shown this once and kept in ${adminTokenFile(home)}: ${newAdminToken}`);
  output.result({ url, fingerprint }, [`FedBAPS coordinator at ${url}, key ${fingerprint}`]);
}

function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve(undefined));
    process.once("SIGTERM", () => resolve(undefined));
  });
}

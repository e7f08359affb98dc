import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";

/** Where the coordinator's certificate (with its chain) and private key are, both as PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Reads both. @throws UsageError for files that cannot be read or do not belong together */
export function readTls({ cert, key }: TlsFiles): { cert: string; key: string } {
  const read = (option: string, file: string) => {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      throw new UsageError(`cannot read ${option} ${file}: ${(error as NodeJS.ErrnoException).code}`);
    }
  };
  const pair = { cert: read("--tls-cert", cert), key: read("--tls-key", key) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new UsageError(`--tls-cert ${cert} and --tls-key ${key} are no pair of PEM files: ${messageOf(error)}`);
  }
  return pair;
}

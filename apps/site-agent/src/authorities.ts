import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import { messageOf, UsageError } from "@fedbaps/core/common/errors.js";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * The certificate authorities that count, as PEM: those that Node knows and those of the files. Node itself adds
 * NODE_EXTRA_CA_CERTS only where nothing else is given, so it is read here again; SSL_CERT_FILE it does not read at all.
 * @param configured `ca` of site.yaml
 * @returns undefined where no file is named: Node's own choice then stands.
 * @throws UsageError for a file that cannot be read or holds no certificate
 */
export async function readAuthorities(
  env: Readonly<Record<string, string | undefined>>,
  configured: string | undefined,
): Promise<string[] | undefined> {
  const named = [
    ["ca in site.yaml", configured],
    ["SSL_CERT_FILE", env.SSL_CERT_FILE],
  ] as const;
  const files = named.filter((pair): pair is readonly [(typeof pair)[0], string] => Boolean(pair[1]));
  if (files.length === 0) return undefined;
  const own = await Promise.all(files.map(([from, file]) => certificatesIn(file, from)));
  // A fault of this one is not ours to report: Node warns of it and goes on.
  const extra = env.NODE_EXTRA_CA_CERTS
    ? await certificatesIn(env.NODE_EXTRA_CA_CERTS, "NODE_EXTRA_CA_CERTS").catch(() => [])
    : [];
  return [...rootCertificates, ...extra, ...own.flat()];
}

async function certificatesIn(file: string, from: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(file, "latin1");
  } catch (error) {
    throw new UsageError(`${from}: cannot read ${file}: ${messageOf(error)}`, { file });
  }
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0 || !found.every(isCertificate))
    throw new UsageError(
      `${from}: ${file} is no certificate file; give the authority's certificate as PEM, with BEGIN CERTIFICATE in it ` +
        "(from DER: openssl x509 -inform der -in FILE -out FILE.pem)",
      { file },
    );
  return found;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem) !== undefined;
  } catch {
    return false;
  }
}

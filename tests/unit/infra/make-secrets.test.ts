import { X509Certificate } from "node:crypto";
import { rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders } from "../../support/temporary-folder.js";
import { makeSecrets } from "./made-secrets.js";

removeTemporaryFolders();

describe("make-secrets.sh", () => {
  it("makes a password and a certificate for the names, kept from other users by their folder", async () => {
    const { path, read } = await makeSecrets("fed.example.org", "10.1.2.3");
    expect(read("database-password")).toMatch(/^[0-9a-f]{48}\n$/);
    const certificate = new X509Certificate(read("tls-cert.pem"));
    const authority = new X509Certificate(read("tls-ca.pem"));
    expect(certificate.verify(authority.publicKey)).toBe(true);
    for (const name of ["coordinator", "localhost", "fed.example.org"]) expect(certificate.checkHost(name)).toBe(name);
    expect(certificate.checkIP("10.1.2.3")).toBe("10.1.2.3");
    expect(certificate.checkHost("other.example.org")).toBeUndefined();
    expect(certificate.ca).toBe(false);
    expect(statSync(dirname(path("tls-key.pem"))).mode & 0o777).toBe(0o700);
  });

  it("keeps what is there, and mixes no pair", async () => {
    const { make, path, read } = await makeSecrets();
    const before = ["database-password", "tls-cert.pem", "tls-key.pem"].map(read);
    make();
    expect(["database-password", "tls-cert.pem", "tls-key.pem"].map(read)).toEqual(before);
    rmSync(path("tls-key.pem"));
    expect(() => make()).toThrow(/some are there; add the others, or remove these/);
    expect(read("tls-cert.pem")).toBe(before[1]);
    expect(() => make("x; rm y")).toThrow();
  });
});

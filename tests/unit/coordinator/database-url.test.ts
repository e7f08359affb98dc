import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { databaseUrl } from "@fedbaps/coordinator/database-url.js";
import { describe, expect, it } from "@jest/globals";
import pg from "pg";
import { fc } from "../../support/property.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const ADDRESS = "postgres://fedbaps@postgres:5432/fedbaps?sslmode=disable";

describe("databaseUrl", () => {
  it("is DATABASE_URL, and nothing where that is unset or empty", () => {
    expect(databaseUrl({})).toBeUndefined();
    expect(databaseUrl({ DATABASE_URL: "" })).toBeUndefined();
    expect(databaseUrl({ DATABASE_URL: ADDRESS })).toBe(ADDRESS);
  });

  it("puts any password of the file where PostgreSQL's client finds it", async () => {
    const file = join(await temporaryFolder(), "password");
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, unit: "grapheme-ascii" }), async (password) => {
        await writeFile(file, `${password}\n`);
        const client = new pg.Client(databaseUrl({ DATABASE_URL: ADDRESS, DATABASE_PASSWORD_FILE: file }));
        const { user, host, port, database } = client;
        expect({ user, password: client.password, host, port, database }).toEqual({
          user: "fedbaps",
          password,
          host: "postgres",
          port: 5432,
          database: "fedbaps",
        });
      }),
    );
  });

  it("says what is wrong with file or address, and never the password", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "password");
    await writeFile(file, "hunter2");
    const missing = join(folder, "none");
    expect(() => databaseUrl({ DATABASE_URL: ADDRESS, DATABASE_PASSWORD_FILE: missing })).toThrow(
      /cannot read DATABASE_PASSWORD_FILE.*ENOENT/,
    );
    for (const url of [undefined, "postgres:///fedbaps", "not an address", "postgres://fedbaps:other@postgres/fedbaps"])
      expect(() => databaseUrl({ DATABASE_URL: url, DATABASE_PASSWORD_FILE: file })).toThrow(
        /^DATABASE_PASSWORD_FILE goes with a DATABASE_URL without a password; write that as postgres:\/\/USER@HOST\/NAME$/,
      );
    await writeFile(file, "\n");
    expect(() => databaseUrl({ DATABASE_URL: ADDRESS, DATABASE_PASSWORD_FILE: file })).toThrow(/is empty/);
  });
});

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAddress } from "@fedbaps/core/blackbox/oip/address.js";
import { OIP_SETTINGS, parseOipSettings, readToken } from "@fedbaps/core/blackbox/oip/settings.js";
import { describe, expect, it } from "@jest/globals";
import { codeOf, thrownBy } from "../../support/codes.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

describe("settings", () => {
  it("have these names and these values where nothing is set", () => {
    expect(OIP_SETTINGS).toEqual(["batch", "concurrency", "timeout", "retries", "encoding", "token-file"]);
    expect(parseOipSettings({})).toEqual({
      batch: undefined,
      concurrency: 4,
      timeout: 120,
      retries: 5,
      encoding: undefined,
      tokenFile: undefined,
    });
  });

  it("are read from text", () => {
    const given = {
      batch: "16",
      concurrency: "1",
      timeout: "3600",
      retries: "0",
      encoding: "json",
      "token-file": "/t",
    };
    expect(parseOipSettings(given)).toEqual({
      batch: 16,
      concurrency: 1,
      timeout: 3600,
      retries: 0,
      encoding: "json",
      tokenFile: "/t",
    });
  });

  it.each([
    ["batch", "0"],
    ["batch", "1025"],
    ["batch", "2.5"],
    ["batch", " 8"],
    ["concurrency", "0"],
    ["concurrency", "65"],
    ["concurrency", "many"],
    ["timeout", "0"],
    ["timeout", "3601"],
    ["timeout", "1e3"],
    ["retries", "-1"],
    ["retries", "21"],
    ["retries", ""],
    ["encoding", "grpc"],
  ])("%s=%s is refused by its name", async (name, value) => {
    const error = await thrownBy(() => parseOipSettings({ [name]: value }));
    expect(error).toMatchObject({ code: "BLACKBOX_UNKNOWN", message: expect.stringContaining(`${name}=${value}`) });
  });

  it("unknown ones are refused with the list of the known", async () => {
    for (const name of ["token", "verify", "constructor", "__proto__"]) {
      const error = await thrownBy(() => parseOipSettings(Object.fromEntries([[name, "hidden-value"]])));
      expect(error).toMatchObject({ code: "BLACKBOX_UNKNOWN" });
      const { message } = error as Error;
      for (const known of OIP_SETTINGS) expect(message).toContain(known);
      expect(message).not.toContain("hidden-value");
    }
  });
});

const loopback = parseAddress("http://127.0.0.1/v2/models/seg");
const remote = parseAddress("https://gpu.example/v2/models/seg");
const plain = parseAddress("http://gpu.example/v2/models/seg");

async function tokenFile(content: string): Promise<string> {
  const file = join(await temporaryFolder(), "token");
  await writeFile(file, content);
  return file;
}

describe("the token", () => {
  const read = (settings: Record<string, string>, env: Record<string, string | undefined>, address = remote) =>
    readToken(parseOipSettings(settings), env, address);

  it("comes from the file, else from the environment, else there is none", async () => {
    const file = await tokenFile("  from-file\n");
    const env = { FEDBAPS_BLACKBOX_TOKEN: " from-env " };
    expect(await read({ "token-file": file }, env)).toBe("from-file");
    expect(await read({}, env)).toBe("from-env");
    expect(await read({}, { FEDBAPS_BLACKBOX_TOKEN: "" })).toBeUndefined();
    expect(await read({}, {})).toBeUndefined();
  });

  it.each(["", " \n", "first-secret\nsecond-secret\n", "two secrets", "s\u0000ecret", "secrét"])(
    "a file of %j is refused by its name, its content not shown",
    async (content) => {
      const file = await tokenFile(content);
      const error = await thrownBy(() => read({ "token-file": file }, { FEDBAPS_BLACKBOX_TOKEN: "other" }));
      expect(error).toMatchObject({ code: "BLACKBOX_FILE", message: expect.stringContaining(file) });
      expect((error as Error).message).not.toMatch(/secr/);
    },
  );

  it("a file that is not there is refused", async () => {
    const missing = join(await temporaryFolder(), "none");
    expect(await thrownBy(() => read({ "token-file": missing }, {}))).toMatchObject({
      code: "BLACKBOX_FILE",
      message: expect.stringContaining(missing),
    });
  });

  it("a variable with a line break is refused, not shown", async () => {
    const error = await thrownBy(() => read({}, { FEDBAPS_BLACKBOX_TOKEN: "secret\r\nx: y" }));
    expect(error).toMatchObject({ code: "BLACKBOX_UNKNOWN", message: expect.not.stringContaining("secret") });
  });

  it("does not travel by plain http, but on this machine", async () => {
    const file = await tokenFile("secret-token");
    for (const [settings, env] of [
      [{}, { FEDBAPS_BLACKBOX_TOKEN: "secret-token" }],
      [{ "token-file": file }, {}],
    ] as const) {
      const error = await thrownBy(() => read(settings, env, plain));
      expect(error).toMatchObject({ code: "BLACKBOX_REFUSED", message: expect.not.stringContaining("secret-token") });
      expect(await read(settings, env, loopback)).toBe("secret-token");
    }
    expect(await codeOf(() => read({}, {}, plain))).toBe("nothing thrown");
  });
});

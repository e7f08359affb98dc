import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toBase64 } from "@fedbaps/core/common/bytes.js";
import { createIdentity } from "@fedbaps/core/secagg/keys.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { loadIdentity, loadPublic, saveIdentity } from "@fedbaps/site-agent/identity.js";
import { openKeys, sealKeys } from "@fedbaps/site-agent/sealed-keys.js";
import { describe, expect, it } from "@jest/globals";
import { run, runWith } from "../../support/command-line.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { random } from "./make-runner.js";

removeTemporaryFolders();

const CHEAP = { cost: 2, blockSize: 8, parallelization: 1 } as const;
const SECRET = "correct horse é battery";

describe("keys under a passphrase", () => {
  it("are opened by it alone, however it was composed, and not when a byte was changed", async () => {
    const plain = random(96);
    const sealed = await sealKeys(plain, SECRET, CHEAP);
    expect(await openKeys(sealed, SECRET.normalize("NFD"))).toEqual(plain);
    expect(await openKeys(sealed, `${SECRET} `)).toBeUndefined();
    const box = Buffer.from(sealed.box, "base64");
    box[40] ^= 1;
    expect(await openKeys({ ...sealed, box: toBase64(box) }, SECRET)).toBeUndefined();
  });

  it("are never sealed the same way twice", async () => {
    const [a, b] = [await sealKeys(random(96), SECRET, CHEAP), await sealKeys(random(96), SECRET, CHEAP)];
    expect(a.salt).not.toBe(b.salt);
  });

  it("leave no secret in the file; the public half needs no passphrase", async () => {
    const folder = await temporaryFolder();
    const identity = createIdentity("aa", random);
    const home = new Home(folder, async () => SECRET);
    await saveIdentity(home, identity, { passphrase: SECRET });
    expect((await stat(home.identity)).mode & 0o077).toBe(0);
    const text = await readFile(home.identity, "utf8");
    for (const { secretKey } of [identity.sign, identity.box])
      expect(text).not.toContain(toBase64(secretKey.slice(0, 30)));
    expect(await loadIdentity(home)).toEqual(identity);
    const locked = new Home(folder);
    expect(await loadPublic(locked)).toMatchObject({ sealed: true, member: { site: "aa" } });
    await expect(loadIdentity(locked)).rejects.toMatchObject({ code: "PASSPHRASE_NEEDED" });
    const wrong = new Home(folder, async () => "another");
    await expect(loadIdentity(wrong)).rejects.toMatchObject({ code: "PASSPHRASE_WRONG" });
    // Somebody who can write to the file must not make this site show other keys than it signs with.
    const stranger = createIdentity("aa", random);
    const altered = JSON.parse(text);
    altered.sign.publicKey = toBase64(stranger.sign.publicKey);
    await writeFile(home.identity, JSON.stringify(altered));
    await expect(loadIdentity(home)).rejects.toMatchObject({ code: "HOME_DAMAGED" });
  });
});

describe("fedbaps-site passphrase", () => {
  const typing = (...lines: string[]) => ({ askSecret: async () => lines.shift() });

  it("is set by init, changed, and taken away; the keys stay the same", async () => {
    const home = join(await temporaryFolder(), "home");
    const file = join(await temporaryFolder(), "next");
    await writeFile(file, "second\n");
    const env = { FEDBAPS_PASSPHRASE: "first" };
    const made = await runWith({ env }, "init", "--site", "aa", "--home", home, "--passphrase");
    expect(made.status).toBe(0);
    const words = async () => JSON.parse((await run("status", "--json", "--home", home)).out);
    const before = await words();
    expect(before).toMatchObject({ passphrase: true });
    expect((await runWith({ env }, "passphrase", "--new-file", file, "--home", home)).status).toBe(0);
    await expect(loadIdentity(new Home(home, async () => "first"))).rejects.toMatchObject({ code: "PASSPHRASE_WRONG" });
    const removed = await runWith({ env: { FEDBAPS_PASSPHRASE_FILE: file } }, "passphrase", "--remove", "--home", home);
    expect(removed.status).toBe(0);
    expect(await words()).toEqual({ ...before, passphrase: false });
    await expect(loadIdentity(new Home(home))).resolves.toMatchObject({ site: "aa" });
  });

  it("changes nothing where the old one is wrong, or the new one was mistyped", async () => {
    const home = join(await temporaryFolder(), "home");
    await run("init", "--site", "aa", "--home", home);
    const plain = await readFile(join(home, "identity.json"), "utf8");
    const mistyped = await runWith(typing("one", "two"), "passphrase", "--home", home);
    expect(mistyped).toMatchObject({ status: 2, err: expect.stringContaining("differ") });
    expect(await readFile(join(home, "identity.json"), "utf8")).toBe(plain);
    expect((await runWith(typing("one", "one"), "passphrase", "--home", home)).status).toBe(0);
    const sealed = await readFile(join(home, "identity.json"), "utf8");
    const wrong = await runWith(typing("three", "x", "x"), "passphrase", "--home", home);
    expect(wrong).toMatchObject({ status: 1, err: expect.stringContaining("does not open") });
    expect(await readFile(join(home, "identity.json"), "utf8")).toBe(sealed);
  });
});

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { run } from "../../support/command-line.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

describe("init and status", () => {
  it("make a home once, with one JSON document on standard output", async () => {
    const home = join(await temporaryFolder(), "home");
    const made = await run("init", "--home", home, "--site", "ward-7", "--data", "/data", "--json");
    expect(made).toMatchObject({ status: 0, err: "" });
    const { site, fingerprint } = JSON.parse(made.out);
    expect(site).toBe("ward-7");
    const policy = join(home, "policy.yaml");
    expect(await readFile(policy, "utf8")).toContain("minCohort: 3");
    const before = await readFile(join(home, "identity.json"), "utf8");
    const again = await run("init", "--home", home, "--site", "other");
    expect(again.status).toBe(1);
    expect(again.err).toMatch(/^fedbaps-site: .*nothing was changed.*\n$/);
    expect(await readFile(join(home, "identity.json"), "utf8")).toBe(before);
    const status = await run("--home", home, "status", "--json");
    expect(JSON.parse(status.out)).toMatchObject({ site, fingerprint, coordinator: null, data: "/data", studies: [] });
  });

  it("refuse what names no black box before anything is made, and say of a data folder that it is not there", async () => {
    const folder = await temporaryFolder();
    const home = join(folder, "home");
    const refused = await run("init", "--home", home, "--site", "ward-7", "--blackbox", "foo:bar");
    expect(refused).toMatchObject({ status: 2, out: "" });
    expect(refused.err).toContain('--blackbox: unknown black box "foo:bar"');
    await expect(readFile(join(home, "policy.yaml"))).rejects.toThrow("ENOENT");
    const made = await run("init", "--home", home, "--site", "ward-7", "--data", join(folder, "lesions"));
    expect(made.status).toBe(0);
    expect(made.err).toContain(`${join(folder, "lesions")} is no folder now`);
    const there = await run("init", "--home", join(folder, "other"), "--site", "ward-7", "--data", folder);
    expect(there.err).not.toContain("is no folder");
  });

  it("takes no address of a server with a password in it, and does not repeat it", async () => {
    const home = join(await temporaryFolder(), "home");
    const spec = "oip:https://user:s3cret@ai.example.org/v2/models/sam";
    const refused = await run("init", "--home", home, "--site", "ward-7", "--blackbox", spec);
    expect(refused.status).toBe(2);
    expect(refused.err + refused.out).not.toContain("s3cret");
    await expect(readFile(join(home, "site.yaml"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("enroll takes an address that is none for wrong usage", async () => {
    const home = join(await temporaryFolder(), "home");
    await run("init", "--home", home, "--site", "ward-7");
    const refused = await run("enroll", "--home", home, "--coordinator", "fed.example", "--code", "CODE");
    expect(refused).toMatchObject({ status: 2, out: "" });
    expect(refused.err).toContain("write it as https://HOST");
  });

  it("keep a policy that is there already", async () => {
    const home = await temporaryFolder();
    await writeFile(join(home, "policy.yaml"), "minCohort: 5\n");
    expect((await run("init", "--home", home, "--site", "ward-7")).status).toBe(0);
    expect(await readFile(join(home, "policy.yaml"), "utf8")).toBe("minCohort: 5\n");
  });
});

describe("exit status and plain lines", () => {
  it.each([
    [["init", "--site", "Ward 7"], 2, /--site Ward 7: must be lower-case/],
    [["frobnicate"], 2, /unknown command/],
    [["run", "--threads", "many"], 2, /whole number/],
    [["enroll"], 2, /--coordinator/],
    [["status"], 1, /fedbaps-site init/],
    [["run", "--data", "x"], 1, /fedbaps-site init/],
  ])("%j gives %i", async (argv, status, words) => {
    const result = await run(...argv, "--home", join(await temporaryFolder(), "none"));
    expect(result.err).toMatch(words);
    expect(result).toMatchObject({ status, out: "" });
  });

  it("run says what is missing, in order", async () => {
    const home = await temporaryFolder();
    await run("init", "--home", home, "--site", "ward-7");
    expect((await run("run", "--home", home)).err).toContain("enroll");
    const coordinator = { format: "fedbaps-membership/1", url: "http://127.0.0.1:1", publicKey: `${"A".repeat(43)}=` };
    await writeFile(join(home, "coordinator.json"), JSON.stringify(coordinator));
    const noData = await run("run", "--home", home);
    expect(noData).toMatchObject({ status: 2, err: expect.stringContaining("--data") });
    const unreachable = await run("study", "list", "--home", home);
    expect(unreachable).toMatchObject({ status: 1, err: expect.stringContaining("cannot be reached") });
  });
});

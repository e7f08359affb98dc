import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type ApiCoordinator, startApi } from "./coordinator-api-support.js";

const program = fileURLToPath(new URL("../../apps/coordinator/bin/fedbaps-coordinator.js", import.meta.url));

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

describe("fedbaps-coordinator", () => {
  let running: ApiCoordinator;
  const folder = mkdtempSync(join(tmpdir(), "fedbaps-commands-"));
  const file = join(folder, "liver.yaml");

  const runAs = async (token: string | undefined, ...words: string[]): Promise<Ran> => {
    const env = {
      PATH: process.env.PATH,
      FEDBAPS_URL: running.url,
      ...(token === undefined ? {} : { FEDBAPS_TOKEN: token }),
    };
    const child = spawn(process.execPath, [program, ...words], { env, cwd: folder });
    const ran: Ran = { code: null, out: "", err: "" };
    child.stdout.on("data", (part) => {
      ran.out += part;
    });
    child.stderr.on("data", (part) => {
      ran.err += part;
    });
    ran.code = await new Promise((resolve) => child.once("close", resolve));
    return ran;
  };
  const run = (...words: string[]) => runAs(running.admin, ...words);

  beforeAll(async () => {
    running = await startApi();
    writeFileSync(file, "name: liver\nrounds: 3\nparticipation:\n  sites: [a-site, b-site, c-site]\n");
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await running.coordinator.close();
  });

  it("makes, lists and revokes tokens", async () => {
    const made = await run("token", "create", "ward 3", "--role", "viewer", "--expires-days", "2");
    const token = made.out.trim();
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^[\w-]{43}\n$/) });
    const [list, asViewer] = await Promise.all([
      run("token", "list", "--json"),
      runAs(token, "token", "create", "another"),
    ]);
    const { tokens } = JSON.parse(list.out) as { tokens: { id: string; name: string; role: string }[] };
    expect(tokens).toMatchObject([{ role: "admin" }, { name: "ward 3", role: "viewer" }]);
    expect(asViewer).toMatchObject({ code: 3, out: "", err: expect.stringContaining("admin's token") });
    expect((await run("token", "revoke", tokens[1].id)).code).toBe(0);
    const [revoked, last] = await Promise.all([runAs(token, "study", "list"), run("token", "revoke", tokens[0].id)]);
    expect([revoked.code, last.code]).toEqual([3, 5]);
  });

  it("takes a study from draft to its end, and tells scripts how each step ended", async () => {
    expect((await run("study", "create", file)).out).toContain("Study liver is draft.");
    writeFileSync(file, "name: liver\nrounds: 5\nparticipation:\n  sites: [a-site, b-site, c-site]\n");
    expect((await run("study", "update", file)).code).toBe(0);
    const clone = await run(
      "study",
      "clone",
      "liver",
      "again",
      "--set",
      "rounds=2",
      "participation.require=3",
      "--json",
    );
    expect(JSON.parse(clone.out)).toMatchObject({ name: "again", status: "draft", rounds: 2 });
    const list = await run("study", "list", "--status", "draft");
    expect(list.out.split("\n").slice(0, 3)).toEqual([
      "study  status  rounds  reason",
      "liver  draft   0 of 5  not-started",
      "again  draft   0 of 2  not-started",
    ]);
    const watching = run("study", "watch", "liver", "--every", "0.2");
    const [missing, early, wrong] = await Promise.all([
      run("study", "show", "nothing"),
      run("study", "pause", "liver"),
      run("study", "list", "--status", "asleep"),
    ]);
    expect([missing.code, early.code, wrong.code]).toEqual([4, 5, 2]);
    expect((await run("study", "abort", "liver")).code).toBe(0);
    const watched = await watching;
    expect(watched.code).toBe(1);
    expect(watched.out).toMatch(/ draft\n.* now: not-started\n(?:.*\n)* *[\d:]+ aborted\n$/);
    expect((await run("study", "update", file)).code).toBe(0);
    writeFileSync(file, "name: liver\nrounds: 6\nparticipation:\n  sites: [a-site, b-site, c-site]\n");
    expect(await run("study", "update", file)).toMatchObject({ code: 5, err: expect.stringContaining("only a draft") });
  });

  it("says where the coordinator is not, and explains itself", async () => {
    const [away, help] = await Promise.all([
      run("study", "list", "--url", "http://127.0.0.1:9"),
      run("study", "watch", "--help"),
    ]);
    expect(away).toMatchObject({ code: 6, err: expect.stringContaining("no coordinator answers") });
    expect(help.out).toMatch(/Exit status: 0 done, 1 failed, 2 wrong usage, 3 not authorised, 4 no such thing/);
  });
});

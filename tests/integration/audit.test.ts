import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import type { AuditHead, AuditRecord } from "@fedbaps/coordinator/audit/record.js";
import { auditCommand } from "@fedbaps/coordinator/commands/audit.js";
import { fingerprint } from "@fedbaps/core/secagg/keys.js";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { api, closeAgents, enrol, FakeAgent, signSites, start, until } from "./coordinator-support.js";

removeTemporaryFolders();

const sites = ["aa", "bb", "cc"];
let coordinator: Coordinator;
let token: string;
let folder: string;
let file: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  file = join(folder, "audit.jsonl");
  coordinator = await start();
  token = coordinator.newAdminToken!;
  process.env.FEDBAPS_ADMIN_TOKEN = token;
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(async () => {
  delete process.env.FEDBAPS_ADMIN_TOKEN;
  closeAgents();
  await coordinator.close();
});

const call = <T>(method: string, path: string, body?: unknown) => api<T>(coordinator.url, token, method, path, body);

/** Runs `audit ...` in this process. @returns what it wrote. @throws what makes it exit with 1 or 2 */
async function audit(...argv: string[]): Promise<string> {
  let out = "";
  jest.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  await auditCommand().exitOverride().parseAsync(argv, { from: "user" });
  return out;
}
const remotely = (...argv: string[]) => audit(...argv, "--url", coordinator.url);
const linesOf = async () => (await readFile(file, "utf8")).trim().split("\n");

describe("the audit log of a study", () => {
  it("tells who did what, with receipts of every site in every sum", async () => {
    const agents = [];
    for (const site of sites) agents.push(new FakeAgent(coordinator.url, await enrol(coordinator.url, token, site)));
    await signSites(coordinator.url, token);
    await call("POST", "/studies", {
      name: "liver",
      rounds: 2,
      personalShare: 0,
      budget: 1000,
      participation: { sites },
    });
    await call("POST", "/studies/liver/start");
    await until("the end", async () =>
      (await call<{ status: string }>("GET", "/studies/liver")).status === "completed" ? true : undefined,
    );
    const { records, next, head } = await call<{ records: AuditRecord[]; next: number | null; head: AuditHead }>(
      "GET",
      "/audit?limit=200",
    );
    expect(next).toBeNull();
    expect(head).toMatchObject({ seq: records.length, hash: records[records.length - 1].hash });
    const told = records.filter(({ study }) => study === "liver");
    const of = (action: string) => told.filter((record) => record.action === action);
    expect(of("study.created")).toMatchObject([{ actor: expect.stringMatching(/^admin:/) }]);
    expect(of("study.started")).toHaveLength(1);
    expect(
      of("study.approved")
        .map(({ actor }) => actor)
        .sort(),
    ).toEqual(sites.map((site) => `site:${site}`));
    expect(of("round.completed").map(({ details }) => details.round)).toEqual([1, 2]);
    for (const { details } of of("round.completed"))
      expect((details.receipts as { site: string }[]).map(({ site }) => site)).toEqual(sites);
    expect(of("report.received")).toHaveLength(3);
    expect(told.at(-1)).toMatchObject({ action: "study.completed", actor: "coordinator" });
    expect(await call("GET", "/audit/verify")).toMatchObject({ ok: true, records: records.length, problem: null });
    const page = await call<{ records: AuditRecord[]; next: number }>("GET", "/audit?after=3&limit=2");
    expect(page).toMatchObject({ records: [{ seq: 4 }, { seq: 5 }], next: 5 });
    expect(await api(coordinator.url, "x".repeat(43), "GET", "/audit")).toMatchObject({ status: 401 });
    expect(await call("GET", "/audit?limit=0")).toMatchObject({ status: 400 });
  });

  it("holds no secret that was said to the coordinator or by it", async () => {
    const text = JSON.stringify(await call("GET", "/audit?limit=200"));
    expect(text).not.toContain(token);
    const { code } = await call<{ code: string }>("POST", "/invites", { site: "dd" });
    expect(JSON.stringify(await call("GET", "/audit?limit=200"))).not.toContain(code);
  });

  it("is listed, exported and checked by the command line", async () => {
    const list = await remotely("list", "--study", "liver");
    expect(list).toMatch(/^no\. +time/);
    expect(list).toContain("round.completed");
    expect(list).not.toContain("site.invited");
    await remotely("export", file);
    expect(await linesOf()).toHaveLength(JSON.parse((await remotely("list", "--json")).trim()).records.length + 1);
    expect(await remotely("verify")).toMatch(/^good: \d+ records/);
    expect(await audit("verify", file, "--key", coordinator.fingerprint)).toMatch(/^good: \d+ records/);
    const { key } = JSON.parse(await audit("verify", file, "--json"));
    expect(key).toBe(coordinator.fingerprint);
    const head = JSON.parse(await remotely("head")) as AuditHead;
    expect(fingerprint(head.coordinator)).toBe(coordinator.fingerprint);
  });

  it("is found bad offline, by the first bad record and its code", async () => {
    const lines = await linesOf();
    const bad = join(folder, "bad.jsonl");
    const verify = async (changed: readonly string[], ...more: string[]) => {
      await writeFile(bad, `${changed.join("\n")}\n`);
      return audit("verify", bad, ...more);
    };
    const actorChanged = [...lines];
    actorChanged[6] = actorChanged[6].replace(/"actor":"[^"]*"/, '"actor":"lead"');
    await expect(verify(actorChanged)).rejects.toThrow(/^bad: record 7, CHANGED: /);
    await expect(verify([...lines.slice(0, 4), ...lines.slice(5)])).rejects.toThrow(/^bad: record 5, MISSING: /);
    await expect(verify([lines[1], lines[0], ...lines.slice(2)])).rejects.toThrow(/^bad: record 1, REORDERED: /);
    await expect(verify(lines.slice(0, -3))).rejects.toThrow(/TRUNCATED/);
    await expect(verify(["rubbish", ...lines.slice(1)])).rejects.toThrow(/^bad: record 1, MALFORMED: /);
    await expect(verify([])).rejects.toThrow(/^bad: record 1, TRUNCATED: /);
    await expect(verify(lines, "--key", "ab".repeat(32))).rejects.toThrow(/BAD_HEAD/);
    await expect(audit("verify", join(folder, "none.jsonl"))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("still holds what somebody kept of it, by hash, by head and by an older export", async () => {
    const lines = await linesOf();
    const { head } = JSON.parse(lines[lines.length - 1]) as { head: AuditHead };
    const headFile = join(folder, "head.json");
    await writeFile(headFile, JSON.stringify(head, null, 2));
    await call("POST", "/invites", { site: "ee" });
    for (const kept of [head.hash, headFile, file]) expect(await remotely("verify", "--head", kept)).toMatch(/^good/);
    await expect(remotely("verify", "--head", "ab".repeat(32))).rejects.toThrow(/TRUNCATED/);
    await expect(remotely("verify", "--head", join(folder, "none"))).rejects.toMatchObject({ code: "USAGE" });
  });
});

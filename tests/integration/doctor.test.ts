import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { rosterWords } from "@fedbaps/core/secagg/roster.js";
import type { CommandIo } from "@fedbaps/site-agent/command-io.js";
import type { NamedFinding } from "@fedbaps/site-agent/doctor/check.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { lockHome } from "@fedbaps/site-agent/lock.js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { runWith } from "../support/command-line.js";
import { phantomSite } from "../support/phantom-site.js";
import { selfSigned } from "../support/self-signed.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { TlsFront } from "../support/tls-front.js";
import { api, enrol, signSites, start } from "./coordinator-support.js";

removeTemporaryFolders();

let coordinator: Coordinator;
let token: string;
let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  coordinator = await start();
  token = coordinator.newAdminToken!;
});
afterAll(() => coordinator.close());

interface Looked {
  readonly status: number;
  readonly err: string;
  readonly ok: boolean;
  /** "state: message" of each check. */
  readonly lines: Record<string, string>;
  readonly checks: NamedFinding[];
}

const cli = (site: string, ...argv: string[]) => runWith({}, "--home", join(folder, site), ...argv);

async function doctor(site: string, own: Partial<CommandIo> = {}, ...argv: string[]): Promise<Looked> {
  const { status, out, err } = await runWith(own, "--home", join(folder, site), "doctor", "--json", ...argv);
  const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: NamedFinding[] };
  const lines = Object.fromEntries(checks.map(({ name, state, message }) => [name, `${state}: ${message}`]));
  return { status, err, ok, lines, checks };
}

/** A site that is enrolled; not approved. */
async function enrolled(site: string): Promise<void> {
  await cli(site, "init", "--site", site, "--data", await phantomSite());
  const { invite } = await api<{ invite: string }>(coordinator.url, token, "POST", "/invites", { site });
  expect(await cli(site, "enroll", "--coordinator", coordinator.url, "--code", invite)).toMatchObject({ status: 0 });
}

it("before anything is set up, says what the network and the machine are like", async () => {
  const { status, ok, lines, err } = await doctor("nobody", {}, "--coordinator", coordinator.url);
  expect({ status, ok }).toEqual({ status: 1, ok: false });
  expect(err).toMatch(/^fedbaps-site: 1 of \d+ checks failed: home\n$/);
  expect(lines.home).toMatch(/^failed: .*fedbaps-site init/);
  expect(lines.coordinator).toMatch(/^ok: .* answers in \d+ ms/);
  expect(lines.protocol).toContain(coordinator.fingerprint);
  expect(lines.enrolled).toMatch(/^warning/);
});

describe("a site on its way into a federation", () => {
  const SITE = "ward-1";

  it("hears that the study lead has to approve it", async () => {
    await enrolled(SITE);
    const { status, lines } = await doctor(SITE, {}, "--no-query");
    expect(status).toBe(1);
    expect(lines.admitted).toBe("failed: the study lead has not approved this site yet");
    expect(lines.blackbox).toMatch(/^ok: .*not asked/);
  });

  it("then, that a roster waits for it; then, that all is well, for one query", async () => {
    await api(coordinator.url, token, "POST", `/sites/${SITE}/approve`);
    for (const other of ["ward-2", "ward-3"]) await enrol(coordinator.url, token, other);
    const { roster } = await signSites(coordinator.url, token);
    expect((await doctor(SITE, {}, "--no-query")).lines.roster).toMatch(/^warning: version 1 .* waits/);
    expect(await cli(SITE, "roster", "accept", "--words", rosterWords(roster))).toMatchObject({ status: 0 });
    const { status, ok, checks, lines, err } = await doctor(SITE);
    expect(checks.filter(({ state }) => state === "failed")).toEqual([]);
    expect({ status, ok, err }).toEqual({ status: 0, ok: true, err: "" });
    expect(lines.admitted).toMatch(/^ok: by the coordinator/);
    expect(lines.blackbox).toMatch(/^ok: .*1 query spent/);
    expect(lines.data).toMatch(/^ok: 15 images/);
    expect(lines.roster).toMatch(/^ok: version 1 accepted/);
  });

  it("does not push the running agent aside", async () => {
    const release = await lockHome(new Home(join(folder, SITE)), {
      command: "fedbaps-site run",
      now: Date.now(),
      pid: process.ppid,
    });
    const { lines, status } = await doctor(SITE, {}, "--no-query");
    expect(lines.lock).toContain("fedbaps-site run");
    expect(lines.admitted).toMatch(/^ok: not tried/);
    expect(status).toBe(0);
    await release();
  });

  it.each([
    [0, /^ok/],
    [-90_000, /^warning: .* is (89|90|91) s behind/],
    [3 * 86_400_000, /^failed: .* is 3\.0 days ahead/],
  ])("a clock that is %i ms off", async (off, words) => {
    const clock = { ...systemClock, now: () => Date.now() + off };
    expect((await doctor(SITE, { clock }, "--no-query")).lines.clock).toMatch(words);
  });

  it("finds what is wrong in the home, and looks at everything else all the same", async () => {
    const home = new Home(join(folder, SITE));
    await writeFile(home.policy, "minCohort: many\n");
    await chmod(home.identity, 0o644);
    const { status, lines, checks } = await doctor(SITE, {}, "--no-query");
    expect(status).toBe(1);
    expect(lines.policy).toMatch(/^failed: .*minCohort/);
    expect(lines.home).toMatch(/^warning: .*identity\.json may be read by others/);
    expect(lines.decoder).toMatch(/^ok/);
    expect(checks.find(({ name }) => name === "home")?.remedy).toContain("chmod");
    await writeFile(home.policy, "minCohort: 3\n");
  });

  it("says which part of the way fails", async () => {
    const home = new Home(join(folder, SITE));
    const before = await readFile(home.membership, "utf8");
    const lead = JSON.parse(before);
    await writeFile(home.membership, JSON.stringify({ ...lead, url: "http://127.0.0.1:1" }));
    const gone = await doctor(SITE, {}, "--no-query");
    expect(gone.lines.coordinator).toMatch(/^failed: cannot reach 127\.0\.0\.1:1 \(ECONNREFUSED\)/);
    expect(gone.lines.clock).toMatch(/^warning: not known/);
    expect(gone.status).toBe(1);
    const pair = selfSigned(new Date());
    const front = await TlsFront.start(pair, Number(new URL(coordinator.url).port));
    const url = `https://127.0.0.1:${front.port}`;
    await writeFile(home.membership, JSON.stringify({ ...lead, url }));
    const untrusted = await doctor(SITE, {}, "--no-query");
    expect(untrusted.lines.coordinator).toMatch(/^failed: .* not signed by an authority that this machine knows/);
    expect(untrusted.checks.find(({ name }) => name === "coordinator")?.remedy).toMatch(/ca: in site\.yaml/);
    await writeFile(join(home.folder, "hospital.pem"), pair.cert);
    await writeFile(home.site, `${await readFile(home.site, "utf8")}ca: hospital.pem\n`);
    const trusted = await doctor(SITE, {}, "--no-query");
    expect(trusted.lines.proxy).toMatch(/certificate authorities of your own/);
    expect(trusted.lines.coordinator).toMatch(/^ok: .*certificate by 127\.0\.0\.1$/);
    expect(trusted.lines.certificate).toMatch(/^warning: valid until \d{4}-\d\d-\d\d, [01] days more$/);
    expect(trusted.lines.admitted).toMatch(/^ok/);
    await front.close();
    await writeFile(home.membership, before);
  });

  it("notices another coordinator at the same address", async () => {
    const home = new Home(join(folder, SITE));
    const before = await readFile(home.membership, "utf8");
    await writeFile(home.membership, JSON.stringify({ ...JSON.parse(before), publicKey: `${"A".repeat(43)}=` }));
    const { lines } = await doctor(SITE, {}, "--no-query");
    expect(lines.protocol).toMatch(/^failed: another coordinator/);
    expect(lines.admitted).toMatch(/^failed: another coordinator/);
    await writeFile(home.membership, before);
  });

  it("is coloured at a terminal only, and not with NO_COLOR", async () => {
    const text = async (own: Partial<CommandIo>) =>
      (await runWith(own, "--home", join(folder, SITE), "doctor", "--no-query")).out;
    expect(await text({ terminal: true })).toContain("\u001b[32mok");
    expect(await text({ terminal: true, env: { NO_COLOR: "1" } })).not.toContain("\u001b");
    expect(await text({ terminal: false })).not.toContain("\u001b");
  });
});

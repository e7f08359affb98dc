import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { rosterWords } from "@fedbaps/core/secagg/roster.js";
import { buildProgram } from "@fedbaps/site-agent/program.js";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { api, signSites, start, until } from "../integration/coordinator-support.js";
import { type Ran, runWith } from "../support/command-line.js";
import { MARK, markedSite, spoil } from "../support/marked-site.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { WebSocketTap } from "../support/websocket-tap.js";
import { random } from "../unit/site-agent/make-runner.js";

// Names of patients stand in a hospital's folders, files, manifests and DICOM headers. After everything that the agent does,
// failures among it, none of them is in its logs or its home, nor was it sent.

removeTemporaryFolders();

const SITES = ["aa", "bb", "cc", "dd"];
/** The one whose data are spoiled. */
const SPOILED = "dd";
const STUDY = {
  name: "study",
  rounds: 1,
  budget: 150,
  clicks: 1,
  // So long the others wait for the one that cannot.
  silenceSeconds: 8,
  participation: { sites: SITES, require: 3 },
};

let coordinator: Coordinator;
let tap: WebSocketTap;
let folder: string;
const data = new Map<string, string>();
/** What `run` said, by site: a service's standard error is a log. */
const said = new Map<string, Ran>();

const homeOf = (site: string) => join(folder, "homes", site);
const outOf = (site: string) => join(folder, "out", site);
const cli = (site: string, ...argv: string[]) => runWith({}, "--home", homeOf(site), ...argv);

/** The mark in any of the ways in which bytes hold a text: as it is, as UTF-16, as hex, in base64 at any of its offsets. */
function marked(bytes: Uint8Array): boolean {
  const wanted = Buffer.from(MARK, "utf8");
  const inBase64 = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), wanted])
      .toString("base64")
      .replace(/=+$/, "");
    return whole.slice(shift === 0 ? 0 : shift + 1, -1);
  });
  const texts = [MARK, wanted.toString("hex"), ...inBase64, encodeURIComponent(MARK)];
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flat = given.toString("latin1").toLowerCase();
  return texts.some((text) => flat.includes(text.toLowerCase())) || given.includes(Buffer.from(MARK, "utf16le"));
}

/** Files of a folder whose name or content is marked. */
async function markedFiles(of: string): Promise<string[]> {
  const entries = await readdir(of, { withFileTypes: true, recursive: true });
  const found: string[] = [];
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name);
    if (marked(Buffer.from(entry.name)) || (entry.isFile() && marked(await readFile(file)))) found.push(file);
  }
  return found;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  coordinator = await start();
  const token = coordinator.newAdminToken!;
  tap = await WebSocketTap.start(Number(new URL(coordinator.url).port));
  for (const [site, name] of SITES.entries()) {
    const own = await markedSite(join(folder, "data", name), { site, images: 12 });
    data.set(name, own);
    if (name === SPOILED) await spoil(own);
    expect((await cli(name, "init", "--site", name, "--data", own)).status).toBe(0);
    const { invite } = await api<{ invite: string }>(coordinator.url, token, "POST", "/invites", { site: name });
    expect((await cli(name, "enroll", "--coordinator", tap.url, "--code", invite)).status).toBe(0);
    await api(coordinator.url, token, "POST", `/sites/${name}/approve`);
  }
  const words = rosterWords((await signSites(coordinator.url, token)).roster);
  await api(coordinator.url, token, "POST", "/studies", STUDY);
  await api(coordinator.url, token, "POST", `/studies/${STUDY.name}/start`);
  for (const site of SITES) {
    expect((await cli(site, "roster", "accept", "--words", words)).status).toBe(0);
    expect((await cli(site, "study", "approve", STUDY.name)).status).toBe(0);
  }
  const stop = new AbortController();
  const running = SITES.map(async (site) => {
    const argv = ["--home", homeOf(site), "run", "--once", "--out", outOf(site)];
    said.set(site, await runWith({ signal: stop.signal }, ...argv));
  });
  // The study itself still waits for the report of the one that has failed.
  const others = SITES.filter((site) => site !== SPOILED);
  await until("the sites' reports", () => others.every((site) => said.has(site)) || undefined, 240_000);
  stop.abort();
  await Promise.all(running);
}, 300_000);

afterAll(async () => {
  await coordinator.close();
  await tap.close();
});

it("the study was done, and the spoiled site failed in it", () => {
  for (const site of SITES) expect([site, said.get(site)?.status === 0]).toEqual([site, site !== SPOILED]);
  expect(Buffer.concat(tap.raw()).length).toBeGreaterThan(20_000);
});

it("the verbs for one site alone leave no names either, done or failed", async () => {
  const { signal } = new AbortController();
  const io = { stdout: () => {}, stderr: () => {}, env: {}, clock: systemClock, random, signal, terminal: false };
  const verbs = buildProgram(io).commands.map((command) => command.name());
  for (const site of ["aa", SPOILED]) {
    const own = data.get(site)!;
    const out = join(outOf(site), "adapt");
    const good = { status: site === SPOILED ? 1 : 0 };
    expect(await cli(site, "evaluate", "--data", own, "--clicks", "1", "--split", "all")).toMatchObject(good);
    const short = ["--budget", "160", "--clicks", "1"];
    expect(await cli(site, "adapt", "--data", own, ...short, "--out", out)).toMatchObject(good);
    await cli(site, "doctor", "--no-query");
    if (verbs.includes("data")) await cli(site, "data", "check", own);
    if (verbs.includes("report")) await cli(site, "report", STUDY.name, "--out", join(outOf(site), "report.html"));
  }
  expect(await readdir(join(outOf("aa"), "adapt"))).toContain("decoder.safetensors");
});

it("nothing that was sent holds a name", () => {
  expect(tap.raw().filter(marked)).toHaveLength(0);
  expect(tap.payloads().filter(marked)).toHaveLength(0);
});

it("no file in a home holds a name, but site.yaml, where a person wrote it", async () => {
  for (const site of SITES) expect(await markedFiles(homeOf(site))).toEqual([join(homeOf(site), "site.yaml")]);
});

it("no result holds a name", async () => {
  for (const site of SITES.filter((name) => name !== SPOILED)) expect(await markedFiles(outOf(site))).toEqual([]);
});

it("standard error of run holds no name: it is the journal of a service", () => {
  for (const [site, { err }] of said) expect([site, marked(Buffer.from(err)) ? err : ""]).toEqual([site, ""]);
});

it("the search would find them: in clear, in base64, in hex, in UTF-16", () => {
  const texts = ["utf8", "utf16le"].map((coding) => Buffer.from(`a ${MARK}.png`, coding as BufferEncoding));
  for (const text of texts) expect(marked(text)).toBe(true);
  for (const shift of ["", "x", "yz"])
    expect(marked(Buffer.from(Buffer.from(`${shift}${MARK}.png`).toString("base64")))).toBe(true);
  expect(marked(Buffer.from(Buffer.from(MARK).toString("hex")))).toBe(true);
});

import { writeFile } from "node:fs/promises";
import { activityLines, activityOf } from "@fedbaps/site-agent/activity.js";
import { type AgentState, stateFile } from "@fedbaps/site-agent/agent-state.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { lockHome } from "@fedbaps/site-agent/lock.js";
import { describe, expect, it } from "@jest/globals";
import { run } from "../../support/command-line.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const AT = "2026-03-01T12:00:00.000Z";
const now = Date.parse(AT) + 1000;
const STATE: AgentState = {
  at: AT,
  pid: process.ppid,
  link: { state: "admitted", since: "2026-03-01T08:00:00.000Z" },
  studies: [
    {
      study: "lesions",
      phase: "training",
      round: 2,
      stepsDone: 40,
      stepsPlanned: 120,
      queries: 800,
      budget: 1500,
      secondsLeft: 700,
    },
  ],
};
const linesOf = (state: Partial<AgentState>, running = true, at = now) =>
  activityLines(activityOf({ ...STATE, ...state }), running, at);

describe("what the agent does", () => {
  it("where it is in a study, and since when it is connected", () => {
    expect(linesOf({})).toEqual([
      "connected to the coordinator since 2026-03-01T08:00:00.000Z",
      `last contact with the coordinator ${AT}`,
      "now lesions: round 2, training, step 40 of 120, 800 of 1500 queries, about 12 min left",
    ]);
  });

  it("why it waits, and until when, by the clock on the wall", () => {
    const waiting = { reason: "quiet-hours", until: new Date(2026, 2, 1, 18, 5).toISOString() };
    expect(linesOf({ studies: [{ ...STATE.studies[0], waiting }] }).at(-1)).toMatch(
      /queries; waits: quiet hours \(policy\.yaml\), goes on 2026-03-01 18:05$/,
    );
    const unknown = { reason: "something-new" };
    expect(linesOf({ studies: [{ ...STATE.studies[0], waiting: unknown }] }).at(-1)).toMatch(/waits: something-new$/);
  });

  it("why it is not connected, and its last error, with advice", () => {
    const link = { state: "lost", since: AT, code: "PROXY_AUTH" } as const;
    const lines = linesOf({ link, lastError: { at: AT, code: "COORDINATOR_SPEAKS_99", study: "lesions" } });
    expect(lines[0]).toMatch(
      /^not connected since .*: the proxy wants a user name and password.*; it tries again by itself$/,
    );
    expect(lines.at(-1)).toMatch(/^last error .*, study lesions: .*update this program.* \(COORDINATOR_SPEAKS_99\)$/);
  });

  it("that one which writes nothing any more may hang; and of one that has ended only what lasts", () => {
    expect(linesOf({}, true, now + 3_600_000).join()).toContain("it may hang");
    expect(linesOf({ lastError: { at: AT, code: "NO_UPDATE" } }, false, now + 3_600_000)).toEqual([
      `last contact with the coordinator ${AT}`,
      `last error ${AT}: NO_UPDATE`,
    ]);
  });
});

describe("status", () => {
  it("shows it while that agent holds the home, and takes a damaged file for none", async () => {
    const folder = await temporaryFolder();
    const home = new Home(folder);
    await run("init", "--home", folder, "--site", "ward-7");
    const status = async () => (await run("status", "--home", folder)).out;
    await writeFile(stateFile(home), JSON.stringify(STATE));
    expect(await status()).not.toContain("now lesions");
    const release = await lockHome(home, { command: "fedbaps-site run", now: Date.now(), pid: STATE.pid });
    expect(await status()).toContain("now lesions: round 2");
    expect(JSON.parse((await run("status", "--home", folder, "--json")).out)).toMatchObject({
      activity: { link: { state: "admitted" }, lastContact: AT, lastError: null, studies: [{ study: "lesions" }] },
      running: { command: "fedbaps-site run" },
    });
    await writeFile(stateFile(home), "{");
    expect(await status()).toContain("in use by fedbaps-site run");
    expect(JSON.parse((await run("status", "--home", folder, "--json")).out)).toMatchObject({ activity: null });
    await release();
  });
});

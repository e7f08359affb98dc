import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PROBE_QUERIES } from "@fedbaps/core/blackbox/probe.js";
import type { Clock } from "@fedbaps/core/common/clock.js";
import { systemClock } from "@fedbaps/core/common/clock.js";
import { writePhantomSite } from "@fedbaps/core/data/phantoms.js";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { runWith } from "../support/command-line.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// The day's queries and the quiet hours, for whoever gives commands: on the real black box, all verbs on one home.

removeTemporaryFolders();

const NOON = Date.parse("2026-11-28T12:00:00Z");
const DAY = 24 * 3_600_000;

describe("the policy and the commands that ask the black box", () => {
  let home: string;
  let data: string;
  let offset = NOON - Date.now();
  const clock: Clock = { now: () => Date.now() + offset, after: systemClock.after };
  const command = (...argv: string[]) => runWith({ clock }, ...argv, "--home", home);
  const policy = (text: string) => writeFile(join(home, "policy.yaml"), `timeZone: UTC\n${text}`);
  const today = async () => JSON.parse((await command("status", "--json")).out).today;

  beforeAll(async () => {
    const folder = await temporaryFolder();
    [home, data] = [join(folder, "home"), join(folder, "data")];
    await writePhantomSite(data, { site: 0, images: 12, seed: 1 });
    expect((await command("init", "--site", "ward-7", "--data", data)).status).toBe(0);
  });

  it("counts what every verb asks, together", async () => {
    await policy("budgetPerDay: 100000\n");
    expect(await today()).toEqual({ queries: 0, limit: 100_000 });
    expect((await command("blackbox", "check")).status).toBe(0);
    const checked = (await today()).queries;
    expect(checked).toBe(PROBE_QUERIES);
    const evaluated = await command("evaluate", "--split", "all", "--clicks", "2", "--json");
    expect(JSON.parse(evaluated.out).queries).toBe(24);
    expect((await today()).queries).toBe(checked + 24);
    const adapted = await command("adapt", "--budget", "120", "--clicks", "1", "--out", join(home, "out"), "--json");
    const { queries } = JSON.parse(adapted.out);
    expect((await today()).queries).toBe(checked + 24 + queries);
    await command("doctor");
    expect((await today()).queries).toBe(checked + 24 + queries + 1);
    // What is written down is times and numbers.
    const [file, ...more] = await readdir(join(home, "queries"));
    expect([file, more]).toEqual(["2026-11-28.jsonl", []]);
    const lines = (await readFile(join(home, "queries", file), "utf8")).trim().split("\n");
    for (const line of lines) expect(line).toMatch(/^\{"at":\d+,"queries":-?\d+\}$/);
  });

  it("stops a command when the day's queries are spent, with one line, and lets it go on the next day", async () => {
    offset += DAY;
    await policy("budgetPerDay: 30\n");
    const argv = ["evaluate", "--split", "all", "--clicks", "4", "--json"];
    const stopped = await command(...argv);
    expect(stopped).toMatchObject({ status: 1, out: "" });
    expect(stopped.err).toMatch(/fedbaps-site: policy\.yaml:2: budgetPerDay: 30: \d+ queries .* 2026-11-30 00:00/);
    const spent = (await today()).queries;
    expect(spent).toBeGreaterThan(0);
    expect(spent).toBeLessThanOrEqual(30);
    offset += DAY;
    await policy("budgetPerDay: 48\n");
    const done = await command(...argv);
    expect(done.status).toBe(0);
    // Nothing that was answered yesterday is asked again.
    expect((await today()).queries).toBeLessThanOrEqual(48);
  });

  it("an adaptation that the day's queries stop goes on the next day, to the same bits, and pays twice for no finished step", async () => {
    offset += DAY;
    await policy("budgetPerDay: none\n");
    const adapt = (out: string) =>
      command("adapt", "--budget", "160", "--clicks", "1", "--out", join(home, out), "--json");
    const bits = (out: string) => readFile(join(home, out, "decoder.safetensors"));
    const whole = JSON.parse((await adapt("undisturbed")).out);
    let spent = 0;
    for (const daily of ["60", "60", "none"]) {
      offset += DAY;
      await policy(`budgetPerDay: ${daily}\n`);
      const { status, err, out } = await adapt("by-days");
      spent += (await today()).queries;
      if (daily === "none")
        expect(JSON.parse(out)).toMatchObject({ adaptedDice: whole.adaptedDice, queries: whole.queries });
      else expect([status, err]).toEqual([1, expect.stringContaining("policy.yaml:2: budgetPerDay: 60")]);
    }
    expect(await bits("by-days")).toEqual(await bits("undisturbed"));
    // A step that the limit cut in two was begun anew.
    expect(spent).toBeLessThanOrEqual(whole.queries + 2 * 16);
  });

  it("asks nothing in quiet hours, and says when they end; doctor finds nothing wrong with that", async () => {
    offset += DAY;
    await policy('quietHours: "09:00-17:00"\n');
    for (const argv of [
      ["evaluate", "--json"],
      ["adapt", "--out", join(home, "other"), "--budget", "120", "--clicks", "1"],
      ["blackbox", "check"],
    ]) {
      const stopped = await command(...argv);
      expect([argv[0], stopped.status]).toEqual([argv[0], 1]);
      expect(stopped.err).toMatch(/policy\.yaml:2: quietHours: \[09:00-17:00\].*until \d{4}-\d\d-\d\d 17:00/);
    }
    const doctor = JSON.parse((await command("doctor", "--json")).out);
    expect(doctor.checks).toContainEqual(
      expect.objectContaining({ name: "blackbox", state: "warning", message: expect.stringContaining("17:00") }),
    );
    expect((await today()).queries).toBe(0);
    offset += 6 * 3_600_000;
    expect((await command("blackbox", "check")).status).toBe(0);
  });

  it("holds --threads to the policy's number, and says so", async () => {
    await policy("maxThreads: 1\n");
    const checked = await command("blackbox", "check", "--threads", "4");
    expect(checked).toMatchObject({ status: 0, err: expect.stringContaining("policy.yaml:2: maxThreads: 1") });
  });
});

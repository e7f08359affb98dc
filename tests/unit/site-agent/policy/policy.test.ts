import { readFile, writeFile } from "node:fs/promises";
import { createIdentity, memberOf } from "@fedbaps/core/secagg/keys.js";
import { signRoster } from "@fedbaps/core/secagg/roster.js";
import { AgentRoster } from "@fedbaps/site-agent/agent-roster.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { fixedPolicy } from "@fedbaps/site-agent/policy/live-policy.js";
import {
  checkPolicy,
  objections,
  POLICY_TEXT,
  parsePolicy,
  policySchema,
  readPolicy,
} from "@fedbaps/site-agent/policy.js";
import { acceptedRoster } from "@fedbaps/site-agent/roster-files.js";
import { statement, studyText } from "@fedbaps/site-agent/statement.js";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../../support/temporary-folder.js";
import { makeStudy, random } from "../make-runner.js";

removeTemporaryFolders();

const KEYS = Object.keys(policySchema.shape);

describe("policy.yaml", () => {
  it("has every key explained where init writes it, and in the handbook", async () => {
    const handbook = await readFile(new URL("../../../../docs/policy.md", import.meta.url), "utf8");
    for (const key of KEYS) {
      expect([key, new RegExp(`^(# )?${key}: `, "m").test(POLICY_TEXT)]).toEqual([key, true]);
      expect([key, handbook.includes(`\`${key}\``)]).toEqual([key, true]);
    }
    expect(parsePolicy(POLICY_TEXT, "policy.yaml")).toMatchObject(policySchema.parse({}));
  });

  it("names the line of every fault: unknown keys, wrong values, what is no YAML", async () => {
    const home = new Home(await temporaryFolder());
    const faultOf = async (text: string) => {
      await writeFile(home.policy, text);
      return readPolicy(home).then(
        () => "none",
        (error: Error) => error.message,
      );
    };
    const text =
      "# mine\nminCohort: 2\n\nbudgetPerDai: 100\nquietHours:\n  - 22:00-06:00\n  - sometimes\nmetrics: all\n";
    const found = await faultOf(text);
    expect(found).toMatch(/policy\.yaml has 4 faults: /);
    for (const part of [
      "line 2: minCohort: must be 3 or more",
      "line 4: there is no key budgetPerDai",
      'line 5: quietHours: "sometimes" is no time of the day',
      "line 8: metrics: ",
    ])
      expect(found).toContain(part);
    expect(await faultOf("minCohort: 3\nmetrics: [\n")).toMatch(/is not YAML: line [23]: /);
    expect(await faultOf("minCohort: 3\nminCohort: 4\n")).toMatch(/is not YAML: line 2: .*unique/);
    expect(await faultOf("budgetPerDay: 0\n")).toContain('line 1: budgetPerDay: give "none" or a whole number');
    expect(await faultOf("budgetPerDay: lots\n")).toContain('line 1: budgetPerDay: give "none" or a whole number');
    expect(await faultOf('quietHours: "00:00-24:00"\n')).toContain("no time of the week");
    expect(await faultOf("timeZone: Berlin\n")).toContain("Europe/Berlin");
    expect(await faultOf("maxThreads: 0\n")).toContain("line 1: maxThreads");
    expect(await faultOf("- 1\n")).toContain("the file");
    expect(await faultOf("")).toBe("none");
    expect(await faultOf("budgetPerDay: 100 # a day\nquietHours: 22:00-06:00\n")).toBe("none");
  });

  it("refuses a study with the line of the file that refuses it", () => {
    const policy = parsePolicy("# site\nbudgetPerStudy: 999\n# sums\nminCohort: 4\n", "policy.yaml");
    const study = makeStudy();
    expect(() => checkPolicy(study, policy, "aa")).toThrow(
      "the study study is refused: policy.yaml:2: budgetPerStudy: 999, but the study may spend 1000 black-box queries " +
        "at each site; policy.yaml:4: minCohort: 4, but the study's rounds need only 3 sites",
    );
    const silent = parsePolicy("metrics: none\n", "policy.yaml");
    expect(objections(makeStudy({ budget: 30_000 }), silent, "aa")).toEqual([
      expect.stringMatching(/^policy\.yaml: budgetPerStudy: 20000 \(the default\), /),
    ]);
  });

  it("refuses a study where this site's own black box is at a server that it does not name", () => {
    const policy = parsePolicy("metrics: none\nblackboxHosts: [ai.example.org]\n", "policy.yaml");
    expect(objections(makeStudy(), policy, "aa", ["https://ai.example.org"])).toEqual([]);
    expect(objections(makeStudy(), policy, "aa", ["https://elsewhere.example.org"])).toEqual([
      "policy.yaml:2: blackboxHosts: [ai.example.org], but this site's black box (site.yaml) is at https://elsewhere.example.org",
    ]);
  });
});

describe("the statement of a study", () => {
  const site = { site: "aa", servers: [] };

  it("says what leaves with sizes, what never does, what the black box sees, and what it costs", () => {
    const policy = parsePolicy('budgetPerDay: 300\nquietHours: "22:00-06:00"\nmetrics: none\n', "policy.yaml");
    const text = studyText(makeStudy(), "0".repeat(64), statement(makeStudy(), policy, site));
    for (const part of [
      /in each of 3 rounds \d+\.\d kB/,
      /in all about \d+\.\d kB to the coordinator/,
      "no measurements (policy.yaml:3: metrics: none)",
      "What the black box sees:",
      "on this machine, nothing leaves it",
      "no more than 300 in a day, so up to 4 days (policy.yaml:1: budgetPerDay: 300)",
      "none in quiet hours (policy.yaml:2: quietHours: [22:00-06:00])",
    ])
      expect(text).toMatch(part);
  });

  it("says more where more leaves: own measurements, pictures for a server", () => {
    const policy = policySchema.parse({ metrics: "own" });
    const servers = ["https://ai.example.org"];
    const stated = statement(makeStudy(), policy, { site: "aa", servers });
    expect(stated.leaves.join()).toContain("own validation Dice");
    expect(stated.leaves.join()).toContain("to https://ai.example.org, this site's own black box");
    expect(stated.blackboxSees.join()).toContain("it is sent to https://ai.example.org");
    const local = statement(makeStudy(), policySchema.parse({ metrics: "none" }), site);
    for (const decoder of ["texture", "baps"] as const) {
      const { never, leaves, blackboxSees } = statement(makeStudy({ decoder }), policy, { site: "aa", servers });
      const shown = decoder === "texture";
      expect([leaves, blackboxSees].map((lines) => /outlines of/.test(lines.join()))).toEqual([shown, shown]);
      expect([/^masks/.test(never[0]), /never a mask/.test(blackboxSees.join())]).toEqual([!shown, !shown]);
    }
    expect(stated.traffic.study).toBeGreaterThan(local.traffic.study);
  });
});

describe("the roster", () => {
  const identity = createIdentity("aa", random);
  const members = [identity, createIdentity("bb", random), createIdentity("cc", random)].map(memberOf);
  const lead = createIdentity("lead", random).sign;
  const first = signRoster(members, lead);

  async function roster(requirePinnedRoster: boolean) {
    const home = new Home(await temporaryFolder());
    const lines: string[] = [];
    const policy = fixedPolicy(policySchema.parse({ requirePinnedRoster }));
    const made = new AgentRoster({ home, identity, policy, now: () => 0, say: (line) => lines.push(line) });
    return { home, made, lines };
  }

  it("waits for a person where it must be pinned", async () => {
    const { home, made, lines } = await roster(true);
    await made.offered(first);
    expect(await acceptedRoster(home)).toBeUndefined();
    expect(lines).toEqual([expect.stringContaining("waits for your decision")]);
  });

  it("is accepted by itself where it need not be; never one of another lead, and none without this site's keys", async () => {
    const { home, made, lines } = await roster(false);
    await made.offered(first);
    expect(await acceptedRoster(home)).toEqual(first.roster);
    expect(lines).toEqual([expect.stringContaining("requirePinnedRoster: false")]);
    const second = signRoster(members, lead, first.roster);
    await made.offered(second);
    expect((await acceptedRoster(home))?.version).toBe(2);
    const strangers = signRoster(members, createIdentity("other", random).sign);
    await expect(made.offered(strangers)).rejects.toMatchObject({ code: "BAD_ROSTER" });
    const without = signRoster([...members.slice(1), memberOf(createIdentity("dd", random))], lead, second.roster);
    await expect(made.offered(without)).rejects.toMatchObject({ code: "ROSTER_WRONG" });
    expect((await acceptedRoster(home))?.version).toBe(2);
  });
});

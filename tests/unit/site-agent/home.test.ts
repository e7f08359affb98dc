import { stat, writeFile } from "node:fs/promises";
import { createIdentity } from "@fedbaps/core/secagg/keys.js";
import { decide, decisionOn, readDecisions } from "@fedbaps/site-agent/approvals.js";
import { Home } from "@fedbaps/site-agent/home.js";
import { loadIdentity, saveIdentity } from "@fedbaps/site-agent/identity.js";
import { allowed } from "@fedbaps/site-agent/log.js";
import { checkUrl } from "@fedbaps/site-agent/membership.js";
import { objections, POLICY_TEXT, policySchema, readPolicy } from "@fedbaps/site-agent/policy.js";
import { parseYaml } from "@fedbaps/site-agent/yaml-file.js";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";
import { makeStudy, random } from "./make-runner.js";

removeTemporaryFolders();

const newHome = async () => new Home(await temporaryFolder());
const policy = policySchema.parse({});

describe("the policy", () => {
  it("is, as init writes it, what the defaults are", () => {
    expect(parseYaml(POLICY_TEXT, policySchema, "policy.yaml")).toEqual(policy);
    expect(policy).toMatchObject({ minCohort: 3, metrics: "cohort" });
  });

  it("reports every fault at once, each with its field", async () => {
    const home = await newHome();
    await writeFile(home.policy, "minCohort: 2\nbudgetPerStudy: none\nmetrics: all\nextra: 1\n");
    await expect(readPolicy(home)).rejects.toMatchObject({ code: "USAGE", fields: { faults: expect.any(Array) } });
    const message = await readPolicy(home).catch((error: Error) => error.message);
    for (const word of ["4 faults", "minCohort", "budgetPerStudy", "metrics", "extra"]) expect(message).toContain(word);
  });

  it("names the line that refuses a study", () => {
    const strict = { ...policy, minCohort: 4, budgetPerStudy: 999 };
    const found = objections(makeStudy(), strict, "aa");
    expect(found.join()).toContain("budgetPerStudy: 999");
    expect(found.join()).toContain("minCohort: 4");
    expect(objections(makeStudy(), policy, "aa")).toEqual([]);
    expect(objections(makeStudy(), policy, "zz")).toHaveLength(1);
  });

  it("lets plain HTTP go to loopback and named hosts only", () => {
    expect(checkUrl("http://127.0.0.1:8470/", policy)).toBe("http://127.0.0.1:8470");
    expect(checkUrl("http://[::1]:8470", policy)).toBe("http://[::1]:8470");
    expect(checkUrl("https://fed.example/base/", policy)).toBe("https://fed.example/base");
    expect(() => checkUrl("http://fed.example", policy)).toThrow("allowInsecureHttp");
    expect(() => checkUrl("http://127.0.0.1.example", policy)).toThrow("allowInsecureHttp");
    expect(checkUrl("http://fed.example", { ...policy, allowInsecureHttp: ["fed.example"] })).toBe(
      "http://fed.example",
    );
    expect(() => checkUrl("fed.example", policy)).toThrow("https://");
  });
});

it("keeps the identity readable by its owner only", async () => {
  const home = await newHome();
  const identity = createIdentity("aa", random);
  await saveIdentity(home, identity);
  expect((await stat(home.identity)).mode & 0o777).toBe(0o600);
  expect(await loadIdentity(home)).toEqual(identity);
  await writeFile(home.identity, "{");
  await expect(loadIdentity(home)).rejects.toMatchObject({ code: "HOME_DAMAGED" });
});

it("keeps the last decision on a study, for its text alone", async () => {
  const home = await newHome();
  const [one, two] = ["1".repeat(64), "2".repeat(64)];
  expect(decisionOn(await readDecisions(home), one)).toBeUndefined();
  await decide(home, { study: "study", hash: one, decision: "approved", at: "now" });
  expect(decisionOn(await readDecisions(home), one)).toBe("approved");
  expect(decisionOn(await readDecisions(home), two)).toBeUndefined();
  await decide(home, { study: "study", hash: two, decision: "declined", at: "now" });
  expect(decisionOn(await readDecisions(home), one)).toBeUndefined();
});

it("logs only allow-listed fields, and no sentence or path in them", () => {
  const fields = {
    study: "study",
    round: 2,
    code: "BAD_COHORT",
    file: "mueller.png",
    site: "/data/mueller",
    stage: "a b",
  };
  expect(allowed(fields)).toEqual({ study: "study", round: 2, code: "BAD_COHORT" });
});

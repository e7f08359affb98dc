import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Coordinator } from "@fedbaps/coordinator/app.js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "playwright-core";
import { api, closeAgents, start, until } from "../integration/coordinator-support.js";
import { picture, signIn, useBrowser } from "./browser.js";
import { prepareStage, SITES } from "./stage.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const visit = useBrowser();
let coordinator: Coordinator;
let token: string;

/** Every page, with the heading that says that it is there. */
const PAGES = [
  { path: "/set-up", heading: "Set up" },
  { path: "/studies", heading: "Studies" },
  { path: "/studies/lesions", heading: "Skin lesions" },
  { path: "/studies/next", heading: "next" },
  { path: "/studies/next/edit", heading: "Change next" },
  { path: "/new-study?from=lesions", heading: "Clone of lesions" },
  { path: "/sites", heading: "Sites" },
  { path: "/audit", heading: "Audit trail" },
  { path: "/coordinator", heading: "Coordinator" },
  { path: "/nowhere", heading: "Nothing here" },
] as const;

beforeAll(async () => {
  coordinator = await start();
  token = coordinator.newAdminToken!;
  const { url, connect } = await prepareStage(coordinator, token);
  await api(url, token, "POST", "/studies", { name: "next", participation: { sites: SITES } });
  await api(url, token, "POST", "/invites", { site: "new-clinic" });
  await api(url, token, "POST", "/studies/lesions/start");
  connect();
  await until("reports of all sites", async () => {
    const study = await api<{ reports?: unknown[] }>(url, token, "GET", "/studies/lesions");
    if (study.reports === undefined) throw new Error(JSON.stringify(study));
    return study.reports.length === SITES.length ? true : undefined;
  });
});
afterAll(async () => {
  closeAgents();
  await coordinator.close();
});

interface Finding {
  id: string;
  impact: string | null;
  nodes: { html: string; failureSummary?: string }[];
}

/** Serious and critical findings of axe on what is shown. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const { axe: checker } = globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    return (await checker.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`,
    );
}

async function widths(page: Page): Promise<string[]> {
  const tooWide: string[] = [];
  for (const width of [1440, 768, 380]) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForTimeout(50);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (over > 0) tooWide.push(`${over} pixels wider than ${width}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  return tooWide;
}

for (const colorScheme of ["light", "dark"] as const)
  test(`every page in ${colorScheme}: nothing serious for axe, nothing wider than the screen, no faults`, async () => {
    const { page, context, faults } = await visit(`${coordinator.url}/`, { colorScheme });
    await page.getByLabel("Token").waitFor();
    expect(await findings(page)).toEqual([]);
    await picture(page, `sign-in-${colorScheme}`);
    await signIn(page, token);
    for (const { path, heading } of PAGES) {
      await page.goto(`${coordinator.url}${path}`);
      await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
      await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
      await page.evaluate(() => {
        for (const folded of document.querySelectorAll("details")) folded.open = true;
      });
      expect({ path, findings: await findings(page) }).toEqual({ path, findings: [] });
      expect({ path, tooWide: await widths(page) }).toEqual({ path, tooWide: [] });
      await picture(page, `page${path.replace(/\W+/g, "-")}-${colorScheme}`);
    }
    expect(faults).toEqual([]);
    await context.close();
  });

test("dialogs have names, and nothing serious for axe", async () => {
  const { page, context, faults } = await visit(`${coordinator.url}/sites`);
  await signIn(page, token);
  for (const [button, dialog] of [
    ["Invite a site", "Invite a site"],
    ["Words of st-mary", "Words of st-mary"],
    ["Revoke st-mary", "Revoke st-mary?"],
  ] as const) {
    await page.getByRole("button", { name: button }).click();
    await page.getByRole("dialog", { name: dialog }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  expect(faults).toEqual([]);
  await context.close();
});

test("the chosen theme stays over a reload, against the system's", async () => {
  const { page, context } = await visit(`${coordinator.url}/studies`, { colorScheme: "light" });
  await signIn(page, token);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Dark" }).click();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  await page.getByRole("button", { name: "Dark", pressed: true }).waitFor();
  expect(await ground()).toBe(dark);
  await page.getByRole("button", { name: "As the system" }).click();
  expect(await ground()).toBe(light);
  await context.close();
});

test("the audit trail says of itself that it is whole, and who asks is told what was done", async () => {
  const { page, context, faults } = await visit(`${coordinator.url}/audit`);
  await signIn(page, token);
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByText(/The trail is whole: \d+ records/).waitFor();
  await page.getByLabel("Study").selectOption("lesions");
  await page.getByText("Round 3 of study lesions was completed.").waitFor();
  expect(await page.getByText("Invited new-clinic.").count()).toBe(0);
  // The verdict is of the whole trail: it stays.
  expect(await page.getByText("The trail is whole").count()).toBe(1);
  await picture(page, "audit-verified");
  expect(faults).toEqual([]);
  await context.close();
});

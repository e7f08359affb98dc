import type { Identity } from "@fedbaps/core/secagg/keys.js";
import { expect, test } from "@jest/globals";
import { FakeAgent, signSites } from "../integration/coordinator-support.js";
import { picture, signIn, useBrowser } from "./browser.js";
import { enrolByInvite, SITES, useCoordinators } from "./stage.js";

const visit = useBrowser();
const start = useCoordinators();

test("a study lead comes from nothing to a running study, and sees every step without a reload", async () => {
  const coordinator = await start();
  const { url } = coordinator;
  const token = coordinator.newAdminToken!;
  const { page, context, faults } = await visit(`${url}/`);
  await signIn(page, token);
  await page.getByRole("heading", { name: "Set up", level: 1 }).waitFor();
  await page.evaluate(() => Object.assign(globalThis, { neverReloaded: true }));
  await picture(page, "first-run-1-nothing");

  // 1 and 2: invites, and the sites that use them.
  const identities: Identity[] = [];
  for (const site of SITES) {
    await page.getByLabel("Name of the site").fill(site);
    await page.getByRole("button", { name: "Make an invite" }).click();
    const card = page.getByRole("region", { name: `Invite for ${site}` });
    await card.waitFor();
    const command = await card.locator("code").first().textContent();
    const invite = await card.locator("code").nth(1).textContent();
    expect(command).toBe(`fedbaps-site enroll --coordinator ${url} --code ${invite}`);
    if (site === SITES[0]) await picture(page, "first-run-2-invite");
    identities.push(await enrolByInvite(url, site, invite!));
  }
  // 3: the words of each, and the approval.
  for (const site of SITES) {
    await page.getByRole("button", { name: `Compare words and approve ${site}` }).click();
    const dialog = page.getByRole("dialog", { name: `Approve ${site}?` });
    expect(
      await dialog
        .getByRole("list", { name: `Words of ${site}` })
        .getByRole("listitem")
        .count(),
    ).toBe(8);
    if (site === SITES[0]) await picture(page, "first-run-3-words");
    await dialog.getByRole("button", { name: "The words are the same: approve" }).click();
    await dialog.waitFor({ state: "detached" });
  }
  // 4: signed elsewhere, ticked off here.
  await page.getByText("fedbaps-coordinator roster sign").waitFor();
  await signSites(url, token);
  await page.getByText("Step 4 is done: Sign the roster.").waitFor();
  // 5: the form; what the server finds wrong is said at the field.
  await page.getByRole("link", { name: "Create a study" }).click();
  await page.getByLabel("Title").fill("Skin lesions");
  expect(await page.getByLabel("Short name").inputValue()).toBe("skin-lesions");
  await page.getByLabel("Rounds").fill("0");
  await page.getByRole("button", { name: "Create the draft" }).click();
  const rounds = page.getByLabel("Rounds");
  await page.locator("[aria-invalid=true]").waitFor();
  expect(await rounds.getAttribute("aria-invalid")).toBe("true");
  await picture(page, "first-run-4-form");
  await rounds.fill("2");
  await page.getByRole("button", { name: "Create the draft" }).click();
  await page.getByText("This study is a draft.").waitFor();
  // 6: started from the set-up, approved by the sites.
  await page.getByRole("link", { name: "Set up" }).click();
  await page.getByRole("button", { name: "Start the study" }).click();
  await page.getByText("Waiting for the approval of city-hospital, st-mary and university.").waitFor();
  await picture(page, "first-run-5-started");
  for (const identity of identities) new FakeAgent(url, identity);
  await page.getByText("Everything is set up and a study is on its way.").waitFor();
  await page.getByRole("link", { name: "See the studies" }).click();
  await page.getByRole("link", { name: "Skin lesions" }).click();
  await page.getByText("All 2 rounds are done; 3 sites of 3 reported.").waitFor();
  // Each part of the page reads for itself: it is there when it is there.
  for (const [text, count] of [
    ["In the sum", 6],
    ["SHA-256 of the whole:", 4],
  ] as const) {
    const found = page.getByText(text, { exact: text === "In the sum" });
    await found.nth(count - 1).waitFor();
    expect(await found.count()).toBe(count);
  }
  await picture(page, "first-run-6-completed");
  expect(await page.evaluate(() => "neverReloaded" in globalThis)).toBe(true);
  expect(faults.filter((fault) => !fault.includes("status of 400"))).toEqual([]);
  await context.close();
});

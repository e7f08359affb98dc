import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Page } from "playwright-core";
import { api } from "../integration/coordinator-support.js";
import { picture, signIn, useBrowser } from "./browser.js";
import { prepareStage, type Stage, useCoordinators } from "./stage.js";

const visit = useBrowser();
const start = useCoordinators();
let stage: Stage;

beforeEach(async () => {
  const coordinator = await start();
  stage = await prepareStage(coordinator, coordinator.newAdminToken!);
});
afterEach(() => stage.training.open());

const status = async (): Promise<string> =>
  (await api<{ status: string }>(stage.url, stage.token, "GET", "/studies/lesions")).status;

/** Moves the focus on by the Tab key until it is on what carries this name. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      return element?.getAttribute("aria-label") ?? element?.textContent?.trim() ?? "";
    });
    if (focused === name) return;
  }
  throw new Error(`60 tabs did not lead to ${name}`);
}

test("start, live progress, pause, resume and abort, each seen without a reload", async () => {
  const { page, context, faults } = await visit(`${stage.url}/studies/lesions`);
  await signIn(page, stage.token);
  stage.training.close();
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Start" }).click();
  await page.getByText("0 of 3 needed approvals").waitFor();
  stage.connect();
  await page.getByText("Now: round 1 of 3, training at the sites").waitFor();
  expect(await page.locator("[aria-current=step]").textContent()).toBe("Train");
  await picture(page, "study-training");

  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused by the study lead.").waitFor();
  expect(await status()).toBe("paused");
  await picture(page, "study-paused");

  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByText("attempt 2, training at the sites").waitFor();
  await page.getByText("The study was paused; what the sites have trained stays with them.").waitFor();
  expect(await status()).toBe("running");

  await page.getByRole("button", { name: "Abort" }).click();
  const dialog = page.getByRole("dialog");
  const abort = dialog.getByRole("button", { name: "Abort for ever" });
  expect(await abort.isDisabled()).toBe(true);
  await dialog.getByLabel("Type lesions to confirm").fill("lesion");
  expect(await abort.isDisabled()).toBe(true);
  await picture(page, "study-abort");
  await dialog.getByLabel("Type lesions to confirm").fill("lesions");
  await abort.click();
  await page.getByText("This study was ended early").waitFor();
  expect(await status()).toBe("aborted");
  expect(await page.getByRole("button", { name: /Start|Pause|Resume|Abort/ }).count()).toBe(0);
  expect(faults).toEqual([]);
  await context.close();
});

test("what another administrator does is seen at once", async () => {
  const { page, context, faults } = await visit(`${stage.url}/studies`);
  await signIn(page, stage.token);
  await page.getByText("Not started yet.").waitFor();
  stage.training.close();
  await api(stage.url, stage.token, "POST", "/studies/lesions/start");
  await page.getByText("Waiting for the approval of").waitFor();
  stage.connect();
  await page.getByText("Training at city-hospital, st-mary and university").waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("a viewer sees everything and can change nothing", async () => {
  const made = await api<{ token: string }>(stage.url, stage.token, "POST", "/tokens", {
    name: "board",
    role: "viewer",
  });
  const { page, context, faults } = await visit(`${stage.url}/studies/lesions`);
  await signIn(page, made.token);
  await page.getByText("This study is a draft.").waitFor();
  await page.getByText("Your token may only look.").waitFor();
  expect(await page.getByRole("button", { name: /Start|Abort/ }).count()).toBe(0);
  expect(await page.getByRole("link", { name: /Clone|Change/ }).count()).toBe(0);
  await picture(page, "viewer-study");
  for (const [link, gone] of [
    ["Sites", /Invite|Revoke|Approve/],
    ["Coordinator", /New token|Revoke/],
    ["Set up", /Make an invite|Start the study/],
  ] as const) {
    await page.getByRole("link", { name: link, exact: true }).click();
    await page.getByRole("heading", { name: link, level: 1 }).waitFor();
    await page.getByText("Your token may only look.").waitFor();
    expect(await page.getByRole("button", { name: gone }).count()).toBe(0);
  }
  expect(faults).toEqual([]);
  await context.close();
});

test("the main controls are reached and used by the keyboard alone", async () => {
  const { page, context, faults } = await visit(`${stage.url}/`);
  await page.getByLabel("Token").waitFor();
  await page.keyboard.type(stage.token);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Skin lesions" }).waitFor();
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await tabTo(page, "Skip to the page");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
  await tabTo(page, "Skin lesions");
  await page.keyboard.press("Enter");
  await page.getByText("This study is a draft.").waitFor();
  await tabTo(page, "Start");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  // The focus is back where it came from.
  expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe("Start");
  expect(await status()).toBe("draft");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await tabTo(page, "Start");
  await page.keyboard.press("Enter");
  await page.getByText("0 of 3 needed approvals").waitFor();
  expect(await status()).toBe("enrolling");
  expect(faults).toEqual([]);
  await context.close();
});

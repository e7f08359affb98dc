import { expect, test } from "@jest/globals";
import { api } from "../integration/coordinator-support.js";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";
import { picture, signIn, useBrowser } from "./browser.js";
import { prepareStage, useCoordinators } from "./stage.js";

removeTemporaryFolders();
const visit = useBrowser();
const start = useCoordinators();

/** While nobody listens, the browser says so in its console. */
const UNREACHABLE = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE|ERR_EMPTY|ERR_NETWORK|status of 503/;

test("a coordinator that stops and comes back: a calm banner, the old state, then the new one by itself", async () => {
  const home = await temporaryFolder();
  const first = await start({ home });
  const token = first.newAdminToken!;
  const { url } = await prepareStage(first, token);
  const port = Number(new URL(url).port);
  const { page, context, faults } = await visit(`${url}/studies/lesions`, { expected: UNREACHABLE });
  await signIn(page, token);
  await page.getByText("This study is a draft.").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();

  await first.close();
  await page.getByText(/Connection lost, showing the state of \d\d:\d\d:\d\d; trying again\./).waitFor();
  expect(await page.getByText("This study is a draft.").isVisible()).toBe(true);
  await picture(page, "connection-lost");

  await start({ home, port });
  await page.getByText("Connection lost").waitFor({ state: "detached", timeout: 40_000 });
  await page.getByText("Live", { exact: true }).waitFor();
  await api(url, token, "POST", "/studies/lesions/start");
  await page.getByText("0 of 3 needed approvals").waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("a session that ends leads to the sign-in, and from there back to the same page", async () => {
  const coordinator = await start();
  const token = coordinator.newAdminToken!;
  const { url } = await prepareStage(coordinator, token);
  const made = await api<{ id: string; token: string }>(url, token, "POST", "/tokens", { name: "x", role: "admin" });
  const { page, context, faults } = await visit(`${url}/audit?study=lesions`);
  await signIn(page, made.token);
  await page.getByText("Created study lesions.").waitFor();
  await api(url, token, "DELETE", `/tokens/${made.id}`).catch(() => undefined);
  await page.getByText("Your session has ended.").waitFor({ timeout: 40_000 });
  await picture(page, "session-ended");
  await page.getByLabel("Token").fill("a token that nobody made");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("This token is not valid here").waitFor();
  await signIn(page, token);
  await page.getByText("Created study lesions.").waitFor();
  expect(new URL(page.url()).pathname).toBe("/audit");
  // Nothing of the token is kept where scripts can read it.
  const kept = await page.evaluate(() => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }]));
  expect(kept).toBe('["",{},{}]');
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

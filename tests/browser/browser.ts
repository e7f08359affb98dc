import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "@jest/globals";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const CHROMIUM = process.env.FEDBAPS_CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let artefacts: string | undefined;

/** Where pictures go: outside the repository, and printed once. */
export function artefactFolder(): string {
  if (artefacts === undefined) {
    artefacts = process.env.FEDBAPS_ARTEFACTS ?? mkdtempSync(join(tmpdir(), "fedbaps-pictures-"));
    mkdirSync(artefacts, { recursive: true });
    process.stderr.write(`pictures in ${artefacts}\n`);
  }
  return artefacts;
}

/** Takes a picture: of the whole page, or with a dialog of what the screen shows. */
export async function picture(page: Page, name: string): Promise<void> {
  const fullPage = (await page.getByRole("dialog").count()) === 0;
  await page.screenshot({ path: join(artefactFolder(), `${name}.png`), fullPage });
}

/** A page, and what went wrong on it that no test asked for. */
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Console errors (broken rules of the security policy among them), thrown errors, requests to elsewhere. */
  readonly faults: string[];
}

export interface VisitOptions extends BrowserContextOptions {
  /** Complaints about these answers are expected. */
  readonly expected?: RegExp;
}

/** The browser asks who is signed in before anybody is: that one refusal is how it learns it. */
const NOT_SIGNED_IN = /status of 401/;

/** One browser for a test file; every visit has a profile of its own. */
export function useBrowser(): (url: string, options?: VisitOptions) => Promise<Visit> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(() => browser?.close());
  return async (url, { expected = /(?!)/, ...options } = {}) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const faults: string[] = [];
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() !== "error" || NOT_SIGNED_IN.test(text) || expected.test(text)) return;
      faults.push(`console: ${text} ${message.location().url}`);
    });
    page.on("pageerror", (error) => faults.push(`thrown: ${error.message}`));
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`elsewhere: ${request.url()}`);
    });
    await page.goto(url);
    return { page, context, faults };
  };
}

/** Signs in as somebody with this token would. */
export async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

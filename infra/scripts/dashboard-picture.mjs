// Makes the README's picture of the dashboard, docs/dashboard.png, from a real run: the demo with its agents, a study some
// rounds in, Debian's chromium. `node infra/scripts/dashboard-picture.mjs [FILE]`; takes a few minutes.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ensureBuilt, ensureInstalled } from "./ensure-installed.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const file = process.argv[2] ?? `${root}docs/dashboard.png`;
const ROUNDS_DONE = 5;
const MOST_BYTES = 300_000;

ensureInstalled();
ensureBuilt();
const { chromium } = await import("playwright-core");
const out = mkdtempSync(join(tmpdir(), "fedbaps-picture-"));
const flags = ["--rounds", "8", "--budget", "3500", "--sites", "4", "--out", out, "--keep"];
const demo = spawn(process.execPath, [`${root}infra/scripts/demo.mjs`, ...flags], {
  stdio: ["ignore", "ignore", "pipe"],
});
try {
  const { url, token } = await announced(demo);
  await untilRoundsAreDone(url, token);
  await takePicture(url, token);
  const { size } = statSync(file);
  if (size > MOST_BYTES) throw new Error(`${file} has ${size} bytes, more than ${MOST_BYTES}`);
  console.log(`${file}: ${size} bytes`);
} finally {
  demo.kill("SIGINT");
  await new Promise((resolve) => (demo.exitCode === null ? demo.once("close", resolve) : resolve()));
  rmSync(out, { recursive: true, force: true });
}

/** Where the demo says that its dashboard is, and what its token file holds. */
function announced(child) {
  return new Promise((resolve, reject) => {
    let url;
    const lines = createInterface({ input: child.stderr });
    lines.on("line", (line) => {
      url = /coordinator and dashboard at (\S+);/.exec(line)?.[1] ?? url;
      const tokenFile = /sign in there with the token in (\S+)/.exec(line)?.[1];
      if (url && tokenFile) resolve({ url, token: readFileSync(tokenFile, "utf8").trim() });
    });
    child.once("close", (status) => reject(new Error(`the demo ended with ${status}`)));
  });
}

async function untilRoundsAreDone(url, token) {
  for (;;) {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${url}/api/v1/studies/demo`, { headers });
    const { completed, sites } = response.ok ? await response.json() : { completed: 0, sites: [] };
    // In the midst of training: bars of different lengths.
    if (completed >= ROUNDS_DONE && sites.every(({ stepsDone }) => stepsDone >= 3)) return;
    await sleep(500);
  }
}

async function takePicture(url, token) {
  const executablePath = process.env.FEDBAPS_CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 1590 }, colorScheme: "light" });
    await page.goto(`${url}/studies/demo`);
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "What the coordinator sees" }).waitFor();
    await page.locator(".uplot canvas").waitFor();
    await page.locator(".cipher").first().waitFor();
    await page.evaluate(() => document.activeElement?.blur());
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
  }
}

import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { removeTemporaryFolders, temporaryFolder } from "../support/temporary-folder.js";

// `npm run demo` as a person runs it.

removeTemporaryFolders();

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(...flags: string[]) {
  const child = spawn(process.execPath, ["infra/scripts/demo.mjs", ...flags], { cwd: root });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const ended = new Promise<Ended>((resolve) => child.on("close", (status) => resolve({ status, stdout, stderr })));
  return { child, ended, stderr: () => stderr };
}

const demo = (...flags: string[]) => start(...flags).ended;

/** The processes whose command line names the folder: everything that a demo with this --out started. */
async function processesNaming(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const line = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (line.includes(text) && !line.includes("jest")) found.push(line.replaceAll("\0", " "));
  }
  return found;
}

describe("the demo", () => {
  it("prints one JSON document on standard output, writes report, decoders and pictures, and repeats to the last digit", async () => {
    const reports = [];
    for (const run of ["first", "second"]) {
      const out = join(await temporaryFolder(), run);
      const { status, stdout, stderr } = await demo(
        "--budget",
        "350",
        "--rounds",
        "3",
        "--seed",
        "7",
        "--out",
        out,
        "--json",
      );
      expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
      const report = JSON.parse(stdout);
      expect(JSON.parse(await readFile(join(out, "report.json"), "utf8"))).toEqual(report);
      expect(report).toMatchObject({
        study: "demo",
        mode: "fedavg",
        decoder: "texture",
        blackbox: "bundled",
        seed: 7,
      });
      expect(report.rounds).toEqual({ completed: 3, aborted: 0 });
      expect(report.sites).toHaveLength(3);
      expect(report.bytesUp).toBeGreaterThan(1000);
      for (const site of report.sites) {
        expect(site.queries).toBeLessThanOrEqual(350);
        expect(site.adaptedDice).toBeGreaterThanOrEqual(site.zeroShotDice - 0.005);
        const files = await readdir(join(out, site.site), { recursive: true });
        expect(files).toEqual(
          expect.arrayContaining(["report.json", join("pictures", "test-1.png"), join("pictures", "test-3.png")]),
        );
        if (site.deployed) expect(files).toContain("decoder.safetensors");
      }
      reports.push(report);
    }
    const figures = (report: { sites: { zeroShotDice: number; adaptedDice: number; queries: number }[] }) =>
      report.sites.map(({ zeroShotDice, adaptedDice, queries }) => [zeroShotDice, adaptedDice, queries]);
    expect(figures(reports[1])).toEqual(figures(reports[0]));
    expect(reports[0].adaptedDice - reports[0].zeroShotDice).toBeGreaterThan(0.02);
  }, 600_000);

  it("leaves no process behind on Ctrl-C", async () => {
    const out = join(await temporaryFolder(), "stopped");
    const { child, ended, stderr } = start("--budget", "5000", "--out", out);
    for (let i = 0; i < 300 && !/of 5000 queries, training/.test(stderr()); i++) await sleep(200);
    expect(await processesNaming(out)).not.toHaveLength(0);
    child.kill("SIGINT");
    const { status } = await ended;
    expect(status).toBe(130);
    expect(await processesNaming(out)).toEqual([]);
  });

  const oneLine = (stderr: string) => stderr.trimEnd().split("\n");

  it("says in one line that a port is taken", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = address !== null && typeof address === "object" ? String(address.port) : "";
    const { status, stdout, stderr } = await demo("--port", port, "--out", await temporaryFolder(), "--json");
    server.close();
    expect([status, stdout]).toEqual([1, ""]);
    expect(oneLine(stderr).at(-1)).toMatch(new RegExp(`port ${port}`));
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("says in one line that the folder cannot be written, holds no images, or does not exist", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), "");
    await mkdir(join(folder, "empty"));
    const cases = [
      { flags: ["--out", join(folder, "file", "below")], says: /cannot be written/ },
      { flags: ["--out", folder, "--data", join(folder, "empty")], says: /0 sites found/ },
      { flags: ["--out", folder, "--data", join(folder, "nowhere")], says: /cannot be read/ },
      { flags: ["--out", folder, "--budget", "100"], says: /budget of 100 queries is too small/ },
      { flags: ["--out", folder, "--blackbox", "foo"], says: /unknown black box "foo"/ },
      { flags: ["--out", folder, "--blackbox", "onnx:nowhere.onnx"], says: /cannot read the black box/ },
      { flags: ["--out", folder, "--require", "5"], says: /only 3 sites take part/ },
    ];
    for (const { flags, says } of cases) {
      const { status, stdout, stderr } = await demo(...flags);
      expect([flags, status, stdout]).toEqual([flags, 1, ""]);
      expect(oneLine(stderr)).toHaveLength(1);
      expect(stderr).toMatch(says);
    }
  });

  it("refuses a wrong flag with exit status 2", async () => {
    for (const flags of [["--decoder", "magic"], ["--sites", "two"], ["--colour"]]) {
      const { status, stderr } = await demo(...flags);
      expect([flags, status]).toEqual([flags, 2]);
      expect(oneLine(stderr)).toHaveLength(1);
    }
  });
});

import { execFileSync, spawnSync } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const UNITS = ["fedbaps-site", "fedbaps-coordinator"];
const fileOf = (unit: string) => `${root}/infra/systemd/${unit}.service`;
const installed = spawnSync("systemd-analyze", ["--version"]).status === 0;
if (!installed) console.warn("skipped: systemd is not installed here, so it does not check the service files");
const withSystemd = installed ? it : it.skip;

describe.each(UNITS)("%s.service", (unit) => {
  withSystemd("is without faults for systemd", () => {
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", fileOf(unit)], {
      encoding: "utf8",
    });
    // Of other units on this machine it may speak, too.
    const own = `${stdout}${stderr}`.split("\n").filter((line) => line.includes(unit));
    expect({ status, own }).toEqual({ status: 0, own: [] });
  });

  withSystemd("may do little more than it needs", () => {
    const text = execFileSync("systemd-analyze", ["security", "--offline=true", fileOf(unit)], { encoding: "utf8" });
    expect(Number(/exposure level for .*: ([\d.]+)/.exec(text)?.[1])).toBeLessThan(2);
  });

  it("starts a program that is there, as nobody of importance, and again and again", async () => {
    const text = await readFile(fileOf(unit), "utf8");
    const program = /^ExecStart=\/usr\/bin\/env node \/opt\/fedbaps\/(\S+)/m.exec(text)?.[1];
    await access(`${root}/${program}`);
    for (const line of [
      "User=fedbaps",
      "NoNewPrivileges=yes",
      "ProtectSystem=strict",
      "Restart=always",
      "StartLimitIntervalSec=0",
    ])
      expect(text.split("\n")).toContain(line);
  });
});

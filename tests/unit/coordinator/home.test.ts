import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkListen } from "@fedbaps/coordinator/config.js";
import { lockHome } from "@fedbaps/coordinator/home.js";
import { loadIdentity } from "@fedbaps/coordinator/identity.js";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

const random = (count: number) => new Uint8Array(count).fill(9);

describe("the home", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "fedbaps-home-"));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  it("is held by one process at a time", () => {
    const release = lockHome(home);
    expect(() => lockHome(home)).toThrow(/another coordinator/);
    release();
    lockHome(home)();
  });

  it("is taken over from a process that is gone, and from an earlier one of the same number", () => {
    const lock = join(home, "coordinator.lock");
    for (const stale of ['{"pid":2147483646,"at":1}', `{"pid":${process.pid},"at":1}`, "", "{"]) {
      writeFileSync(lock, stale);
      lockHome(home)();
    }
    writeFileSync(lock, '{"pid":1,"at":1}');
    expect(() => lockHome(home)).toThrow(/process 1/);
  });

  const processTable = existsSync("/proc/self/stat");
  if (!processTable) console.warn("skipped: no /proc here, so a reused process number cannot be recognised");
  (processTable ? it : it.skip)("is taken over where another process has the number by now", () => {
    const lock = join(home, "coordinator.lock");
    writeFileSync(lock, '{"pid":1,"at":1,"started":"another-boot/1"}');
    lockHome(home)();
    const release = lockHome(home);
    expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ started: expect.stringMatching(/.+\/\d+$/) });
    writeFileSync(lock, '{"pid":1,"at":1}');
    release();
    expect(readdirSync(home)).toEqual(["coordinator.lock"]);
  });

  it("keeps the coordinator's keys, for its owner only", () => {
    const identity = loadIdentity(home, random);
    const again = loadIdentity(home, () => {
      throw new Error("drew again");
    });
    expect(again).toEqual(identity);
    const file = join(home, "identity.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(file, readFileSync(file, "utf8").slice(0, 40));
    expect(() => loadIdentity(home, random)).toThrow(/damaged/);
  });

  it("is served over plain HTTP to this machine only, unless that is asked for", () => {
    for (const host of ["127.0.0.1", "127.0.1.1", "::1", "localhost"]) checkListen(host, 0, false);
    for (const host of ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.org", "hub"]) {
      expect(() => checkListen(host, 0, false)).toThrow(/insecure-http/);
      checkListen(host, 0, true);
    }
  });
});

import * as nodeFs from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileLogger } from "@fedbaps/site-agent/log.js";
import { RotatingFile, type RotatingFs } from "@fedbaps/site-agent/rotating-file.js";
import { describe, expect, it } from "@jest/globals";
import { FakeClock } from "../../support/black-boxes.js";
import { removeTemporaryFolders, temporaryFolder } from "../../support/temporary-folder.js";

removeTemporaryFolders();

const LIMITS = { bytes: 100, files: 3 };
const note = (count: number) => `${count} lost`;
const line = (number: number) => `line ${String(number).padStart(3, "0")}\n`;
const lines = async (file: string) => (await readFile(file, "utf8")).trimEnd().split("\n");

describe("a file that rotates", () => {
  it("keeps the newest lines, in order, within its limits, for its owner only", async () => {
    const folder = await temporaryFolder();
    const log = new RotatingFile(join(folder, "agent.log"), LIMITS, note);
    for (let number = 0; number < 200; number++) log.write(line(number));
    const names = ["agent.2.log", "agent.1.log", "agent.log"];
    expect((await readdir(folder)).sort()).toEqual([...names].sort());
    const kept = (await Promise.all(names.map((name) => lines(join(folder, name))))).flat();
    expect(kept.at(-1)).toBe("line 199");
    expect(kept).toEqual(kept.map((_, index) => line(200 - kept.length + index).trimEnd()));
    for (const name of names) {
      const { size, mode } = await stat(join(folder, name));
      expect(size).toBeLessThanOrEqual(LIMITS.bytes);
      expect(mode & 0o777).toBe(0o600);
    }
  });

  it("goes on in the file of an earlier process, and writes a line that is longer than a file", async () => {
    const folder = await temporaryFolder();
    const file = join(folder, "agent.log");
    for (let number = 0; number < 15; number++) new RotatingFile(file, LIMITS, note).write(line(number));
    expect([...(await lines(join(folder, "agent.1.log"))), ...(await lines(file))]).toHaveLength(15);
    new RotatingFile(file, LIMITS, note).write(`${"x".repeat(500)}\n`);
    expect(await lines(file)).toEqual(["x".repeat(500)]);
  });

  it("is made anew when somebody has removed it, and follows when it was emptied", async () => {
    const file = join(await temporaryFolder(), "agent.log");
    const log = new RotatingFile(file, LIMITS, note);
    log.write(line(1));
    await rm(file);
    log.write(line(2));
    expect(await lines(file)).toEqual(["line 002"]);
    await writeFile(file, "");
    log.write(line(3));
    expect(await lines(file)).toEqual(["line 003"]);
  });

  it("lets work go on while the disk is full, and says afterwards how many lines are missing", async () => {
    const file = join(await temporaryFolder(), "agent.log");
    let room = Number.POSITIVE_INFINITY;
    const full = () => Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    const fs: RotatingFs = {
      ...nodeFs,
      writeSync(handle, bytes, offset) {
        if (room === 0) throw full();
        const written = nodeFs.writeSync(handle, bytes.subarray(offset, offset + Math.min(room, bytes.length)));
        room -= written;
        return written;
      },
    };
    const log = new RotatingFile(file, { bytes: 10_000, files: 2 }, note, fs);
    log.write(line(1));
    // Half a line still fits.
    room = 4;
    for (const number of [2, 3, 4]) log.write(line(number));
    expect(log.lost).toBe(3);
    room = Number.POSITIVE_INFINITY;
    log.write(line(5));
    expect(await lines(file)).toEqual(["line 001", "line", "3 lost", "line 005"]);
    expect(log.lost).toBe(0);
  });

  it("never throws, not even where no file can be made", async () => {
    const folder = join(await temporaryFolder(), "missing");
    const logger = fileLogger(join(folder, "agent.log"), new FakeClock());
    logger.info("admitted");
    logger.error("failed", { code: "X" });
    await mkdir(folder);
    logger.info("admitted", { code: "Y" });
    const [missing, last] = (await lines(join(folder, "agent.log"))).map((text) => JSON.parse(text));
    expect(missing).toMatchObject({ msg: "lines-lost", lost: 2 });
    expect(last).toMatchObject({ msg: "admitted", code: "Y" });
  });
});

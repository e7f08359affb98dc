// Run by a test in a mount namespace of its own: `unshare -r -m node small-disk.mjs FOLDER SIZE ORDER -- COMMAND ...`. Mounts
// a small disk on the folder, obeys the order, runs the command, and obeys lines on standard input.

import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [folder, size, order, , ...command] = process.argv.slice(2);
execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=700`, "tmpfs", folder]);

const ballast = join(folder, "ballast");
const block = Buffer.alloc(4096);

const orders = {
  none() {},
  fill() {
    const file = openSync(ballast, "a");
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      if (error.code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
  },
  free: () => rmSync(ballast, { force: true }),
  readonly: () => execFileSync("mount", ["-o", "remount,ro", folder]),
  writable: () => execFileSync("mount", ["-o", "remount,rw", folder]),
};

orders[order]();
const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "inherit", "inherit"] });
createInterface({ input: process.stdin }).on("line", (line) => {
  orders[line]?.();
  process.stderr.write(`small-disk: ${line} done\n`);
});
child.on("close", (code, signal) => {
  process.exit(code ?? (signal === "SIGKILL" ? 137 : 1));
});
